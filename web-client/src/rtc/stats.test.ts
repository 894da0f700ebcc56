import { describe, expect, it } from 'vitest';
import { report, sampleStats } from './stats';

function at(seconds: number, more: { frames: number; freezes?: number; lost?: number }) {
  return sampleStats(
    [
      { type: 'transport', timestamp: seconds * 1000, bytesSent: 100_000 * seconds, bytesReceived: 250_000 * seconds },
      { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 },
      { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.082 },
      { type: 'outbound-rtp', packetsSent: 100 * seconds },
      { type: 'remote-inbound-rtp', packetsLost: 4 * seconds },
      { type: 'inbound-rtp', kind: 'audio', mid: '4', packetsReceived: 50 * seconds, packetsLost: 0,
        jitterBufferDelay: 48_000 * 0.08 * seconds, jitterBufferEmittedCount: 48_000 * seconds },
      { type: 'inbound-rtp', kind: 'video', mid: '9', packetsReceived: 140 * seconds, packetsLost: more.lost ?? 0,
        framesDecoded: more.frames, totalFreezesDuration: more.freezes ?? 0 },
      { type: 'inbound-rtp', kind: 'video', mid: '10', packetsReceived: 0, packetsLost: 0, framesDecoded: 0 },
    ],
    '9',
  );
}

describe('quality report', () => {
  it('makes rates and shares out of counters', () => {
    expect(report(at(10, { frames: 300 }), at(12, { frames: 360, lost: 20 }), true)).toEqual({
      rtt: 82, lossUp: 0.04, lossDown: 0.05, kbpsUp: 800, kbpsDown: 2000, frozen: 0, playoutDelay: 80,
    });
  });

  it('a picture that stands still for the whole report is frozen, though the browser counts nothing yet', () => {
    expect(report(at(10, { frames: 300 }), at(12, { frames: 300 }), true).frozen).toBe(2000);
  });

  it('a picture that nobody sends is not frozen', () => {
    expect(report(at(10, { frames: 300 }), at(12, { frames: 300 }), false).frozen).toBe(0);
  });

  it('takes counted freezes, never more than the span', () => {
    expect(report(at(10, { frames: 1 }), at(12, { frames: 9, freezes: 0.7 }), true).frozen).toBe(700);
    expect(report(at(10, { frames: 1 }), at(12, { frames: 9, freezes: 60 }), true).frozen).toBe(2000);
  });

  it('counters that begin again with a new connection give zeros, not nonsense', () => {
    const after = report(at(12, { frames: 360 }), at(1, { frames: 3 }), true);
    expect([after.kbpsDown, after.lossUp, after.lossDown]).toEqual([0, 0, 0]);
  });
});
