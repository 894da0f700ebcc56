// When to try again. Pure: the caller owns the timer and the dice.

const FIRST_WAITS_MS = [0, 300, 1000, 2000, 3000] as const;
export const STEADY_WAIT_MS = 3000;
// After an outage of the school's uplink every class comes back in the same second; jitter spreads them.
export const JITTER = 0.2;

/**
 * Milliseconds to wait before try number `attempt` (0 is the first after a loss). It never gives up: a lesson's line
 * may be away for minutes, and the class must be back without anyone touching it.
 * @param random a number in [0, 1)
 */
export function reconnectDelay(attempt: number, random: number): number {
  if (attempt <= 0) return 0;
  const base = FIRST_WAITS_MS[attempt] ?? STEADY_WAIT_MS;
  return Math.round(base * (1 - JITTER + 2 * JITTER * random));
}
