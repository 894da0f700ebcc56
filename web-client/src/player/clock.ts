// The one clock that every track of a recording follows. Pure: it is told the time and returns the position.

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

export class MasterClock {
  private baseUs = 0;
  private since: number | null = null;
  private speed = 1;

  constructor(private durationUs: number) {}

  /** @param now milliseconds, monotonic. */
  timeUs(now: number): number {
    const ran = this.since === null ? 0 : (now - this.since) * 1000 * this.speed;
    return Math.min(this.durationUs, Math.max(0, this.baseUs + ran));
  }

  isRunning(now: number): boolean {
    return this.since !== null && this.timeUs(now) < this.durationUs;
  }

  rate(): number {
    return this.speed;
  }

  run(now: number): void {
    if (this.since !== null) return;
    this.since = now;
  }

  /** Stops the position, for a pause and while a track has to load. */
  hold(now: number): void {
    this.baseUs = this.timeUs(now);
    this.since = null;
  }

  seek(us: number, now: number): void {
    this.baseUs = Math.min(this.durationUs, Math.max(0, us));
    if (this.since !== null) this.since = now;
  }

  setRate(rate: number, now: number): void {
    this.baseUs = this.timeUs(now);
    if (this.since !== null) this.since = now;
    this.speed = rate;
  }
}
