// What is decided about a stream's address, without a player.

const MIN_RENEW_MS = 1_000;
/** Before the address runs out: time for a lost request and a second one. */
const MARGIN_MS = 30_000;

/** Milliseconds until a new address should be asked for. Times are the server's, in microseconds. */
export function renewIn(address: { expiresAt: number; serverTime: number }): number {
  return Math.max(MIN_RENEW_MS, (address.expiresAt - address.serverTime) / 1000 - MARGIN_MS);
}

const GRANT = /(\/hls\/[^/]+\/)([^/]+)(\/)/;

/** `asked` with the grant of `fresh`; other addresses stay as they are. */
export function withGrant(asked: string, fresh: string): string {
  const grant = GRANT.exec(fresh)?.[2];
  return grant === undefined ? asked : asked.replace(GRANT, (_all, before: string, _old: string, after: string) => `${before}${grant}${after}`);
}

/** Seconds from the lesson to what is played, to a tenth; never below zero. */
export function behind(playedMs: number, nowMs: number): number {
  return Math.max(0, Math.round((nowMs - playedMs) / 100) / 10);
}

/** What a refused request means: the address is void ("renew"), or what any failure does ("retry"). */
export function onHttpError(status: number | undefined): 'renew' | 'retry' {
  return status === 401 || status === 403 ? 'renew' : 'retry';
}

const TOO_FAR_S = 8;

/** Behind the newest of the stream, in seconds: too far to come back by playing a little faster. */
export function isTooFarBehind(seconds: number): boolean {
  return seconds > TOO_FAR_S;
}

const WEAK_STALLS = 3;
const WEAK_SPAN_MS = 30_000;

/** The picture has stood still so often lately that sound alone should go on. `stalls`: when, in milliseconds. */
export function isWeak(stalls: readonly number[], now: number): boolean {
  return stalls.filter((at) => now - at < WEAK_SPAN_MS).length >= WEAK_STALLS;
}

/** Activities that nobody outside may watch have no stream. */
export function hasStream(kind: string): boolean {
  return kind !== 'consultation' && kind !== 'lesson-prep';
}
