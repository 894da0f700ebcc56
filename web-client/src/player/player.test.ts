import { describe, expect, it } from 'vitest';
import type { Recording, Track } from '../lib/api';
import type { EventBody } from '../protocol/messages';
import { aLesson, anEvent, aParticipant } from '../state/fixtures';
import { MasterClock } from './clock';
import { withMarker } from './markers';
import { bands, stateAt } from './replay';
import { NUDGE_FROM_S, SEEK_FROM_S, correction, durationOf, nextSegment, segmentAt } from './sync';

const S = 1_000_000;

describe('MasterClock', () => {
  it('runs at its speed and stands while held', () => {
    const clock = new MasterClock(100 * S);
    clock.run(1000);
    expect(clock.timeUs(3000)).toBe(2 * S);
    clock.setRate(2, 3000);
    expect(clock.timeUs(4000)).toBe(4 * S);
    clock.hold(4000);
    expect(clock.timeUs(99_000)).toBe(4 * S);
    clock.run(100_000);
    expect(clock.timeUs(101_000)).toBe(6 * S);
  });

  it('seeks while running and while held, and never leaves the recording', () => {
    const clock = new MasterClock(10 * S);
    clock.seek(5 * S, 0);
    expect(clock.timeUs(9000)).toBe(5 * S);
    clock.run(9000);
    clock.seek(1 * S, 9500);
    expect(clock.timeUs(10_500)).toBe(2 * S);
    clock.seek(-3 * S, 11_000);
    expect(clock.timeUs(11_000)).toBe(0);
    expect(clock.timeUs(60_000)).toBe(10 * S);
    expect(clock.isRunning(60_000)).toBe(false);
  });

  it('running twice does not lose time', () => {
    const clock = new MasterClock(10 * S);
    clock.run(0);
    clock.run(1000);
    expect(clock.timeUs(2000)).toBe(2 * S);
  });
});

const track: Track = {
  participant: 'p1', name: '林老师', role: 'teacher', source: 'camera',
  segments: [
    { id: 'a', url: '/a', codec: 'vp8', startUs: 2 * S, endUs: 10 * S },
    { id: 'b', url: '/b', codec: 'vp8', startUs: 14 * S, endUs: 20 * S },
  ],
};

describe('following the clock', () => {
  it('finds the file and the place in it; gaps are gaps', () => {
    expect(segmentAt(track, 1 * S)).toBeNull();
    expect(segmentAt(track, 2 * S)).toMatchObject({ segment: { id: 'a' }, offset: 0 });
    expect(segmentAt(track, 9.5 * S)).toMatchObject({ segment: { id: 'a' }, offset: 7.5 });
    expect(segmentAt(track, 10 * S)).toBeNull();
    expect(segmentAt(track, 15 * S)).toMatchObject({ segment: { id: 'b' }, offset: 1 });
    expect(nextSegment(track, 10 * S)?.id).toBe('b');
    expect(nextSegment(track, 14 * S)).toBeNull();
  });

  it('leaves small drift, nudges towards the clock, seeks when far', () => {
    expect(correction(NUDGE_FROM_S / 2, 1.5)).toEqual({ kind: 'rate', rate: 1.5 });
    const early = correction(0.1, 1);
    const late = correction(-0.1, 1);
    expect(early.kind === 'rate' && early.rate < 1).toBe(true);
    expect(late.kind === 'rate' && late.rate > 1).toBe(true);
    expect(correction(SEEK_FROM_S, 1)).toEqual({ kind: 'seek' });
    expect(correction(-20, 1)).toEqual({ kind: 'seek' });
  });

  it.each([0.3, -0.3, 0.06, -0.06])('an element %f s away is within 80 ms after 10 s of nudges', (start) => {
    let drift = start;
    for (let i = 0; i < 100; i += 1) {
      const fix = correction(drift, 1);
      if (fix.kind === 'rate') drift += 0.1 * (fix.rate - 1);
    }
    expect(Math.abs(drift)).toBeLessThan(0.08);
  });
});

function recordingOf(...bodies: [number, EventBody][]): Recording {
  return {
    lesson: { ...aLesson, state: 'ended', scheduledAt: 0, endedAt: 0, classes: [], role: 'observer' },
    durationUs: 60 * S,
    tracks: [track],
    events: bodies.map(([at, body], i) => anEvent(i + 1, body, at * S)),
  };
}

describe('replay', () => {
  const recording = recordingOf(
    [0, { kind: 'participant-joined', participant: aParticipant({ p: 'p1', role: 'teacher', name: '林老师' }) }],
    [1, { kind: 'participant-joined', participant: aParticipant({ p: 'p2', name: '三年级二班' }) }],
    [3, { kind: 'voice', p: 'p1', speaking: true }],
    [8, { kind: 'hand', p: 'p2', up: true }],
    [9, { kind: 'voice', p: 'p1', speaking: false }],
    [12, { kind: 'stage', p: 'p2', previous: null }],
    [13, { kind: 'voice', p: 'p2', speaking: true }],
    [20, { kind: 'chat', p: 'p2', name: '三年级二班', text: '四分之一' }],
    [25, { kind: 'participant-left', p: 'p2' }],
    [40, { kind: 'voice', p: 'p1', speaking: true }],
  );

  it('shows each moment as it was', () => {
    expect(stateAt(recording, 0).participants).toHaveLength(1);
    expect(stateAt(recording, 10 * S).participants[1]).toMatchObject({ hand: true, onStage: false });
    expect(stateAt(recording, 12 * S)).toMatchObject({ stage: 'p2' });
    expect(stateAt(recording, 19 * S).chat).toHaveLength(0);
    expect(stateAt(recording, 20 * S).chat.map((line) => line.text)).toEqual(['四分之一']);
    expect(stateAt(recording, 30 * S).stage).toBeNull();
  });

  it('draws voices apart, hands until the call, calls until they end, and open ones to the end', () => {
    const drawn = Object.fromEntries(bands(recording.events, 60 * S).map((band) => [band.name, band.pieces]));
    const spans = (name: string) => drawn[name]?.map((piece) => [piece.startUs / S, piece.endUs / S]);
    expect(spans('teacherVoice')).toEqual([[3, 9], [40, 60]]);
    expect(spans('classVoice')).toEqual([[13, 25]]);
    expect(spans('hands')).toEqual([[8, 12]]);
    expect(spans('calls')).toEqual([[12, 25]]);
    expect(spans('chat')).toEqual([[20, 20]]);
    expect(drawn['calls']?.[0]?.label).toBe('三年级二班');
  });

  it('is as long as its longest file when the lesson was cut short', () => {
    expect(durationOf({ ...recording, durationUs: 0 })).toBe(20 * S);
    expect(durationOf(recording)).toBe(60 * S);
  });
});

describe('marks', () => {
  it('stand in order, each once', () => {
    expect(withMarker(withMarker(withMarker([], 9), 3), 9)).toEqual([3, 9]);
  });
});
