import { describe, expect, it } from 'vitest';
import { JITTER, STEADY_WAIT_MS, reconnectDelay } from './reconnect';

describe('reconnectDelay', () => {
  it('tries at once, then after 0.3, 1, 2, 3 s and every 3 s from there', () => {
    const middle = [0, 1, 2, 3, 4, 5, 50].map((attempt) => reconnectDelay(attempt, 0.5));
    expect(middle).toEqual([0, 300, 1000, 2000, 3000, 3000, 3000]);
  });

  it('spreads the tries of many classes, never further than the jitter', () => {
    const waits = Array.from({ length: 100 }, (_, i) => reconnectDelay(9, i / 100));
    expect(new Set(waits).size).toBeGreaterThan(50);
    expect(Math.min(...waits)).toBe(STEADY_WAIT_MS * (1 - JITTER));
    expect(Math.max(...waits)).toBeLessThanOrEqual(STEADY_WAIT_MS * (1 + JITTER));
  });

  it('never gives up within a day of outage', () => {
    expect(reconnectDelay(28_800, 0.999)).toBeLessThanOrEqual(STEADY_WAIT_MS * (1 + JITTER));
  });
});
