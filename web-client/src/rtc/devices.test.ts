import { describe, expect, it } from 'vitest';
import { levelOf, troubleOf } from './devices';
import { sentBy, type Publishing } from './publish';

const named = (name: string) => Object.assign(new Error('x'), { name });

describe('devices', () => {
  it('say what is wrong in one of four ways', () => {
    expect(['NotAllowedError', 'NotFoundError', 'OverconstrainedError', 'NotReadableError', 'Strange'].map((name) => troubleOf(named(name)))).toEqual([
      'refused', 'missing', 'missing', 'busy', 'unsupported',
    ]);
    expect(troubleOf('not an error')).toBe('unsupported');
  });

  it('measure loudness from nothing at -60 dB to one at full scale', () => {
    const sine = (amplitude: number) => Float32Array.from({ length: 1000 }, (_, i) => amplitude * Math.sin((i * Math.PI) / 10));
    expect(levelOf(new Float32Array(100))).toBe(0);
    expect(levelOf(sine(0.0005))).toBe(0);
    expect(levelOf(Float32Array.of(1, -1, 1, -1))).toBe(1);
    expect(levelOf(sine(0.1))).toBeCloseTo(1 + (20 * Math.log10(0.1 / Math.SQRT2)) / 60, 3);
  });
});

describe('sentBy', () => {
  const track = {} as MediaStreamTrack;
  const all: Publishing = { microphone: track, camera: track, screen: track, microphoneTrouble: null, cameraTrouble: null, mutedHere: false, cameraOff: false };

  it('tells what goes out: a camera that is off is not sent, a muted microphone still is', () => {
    expect(sentBy(all)).toEqual({ mic: true, camera: true, screen: true });
    expect(sentBy({ ...all, cameraOff: true, mutedHere: true, screen: null })).toEqual({ mic: true, camera: false, screen: false });
    expect(sentBy({ ...all, microphone: null, camera: null })).toEqual({ mic: false, camera: false, screen: true });
  });
});
