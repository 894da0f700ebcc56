// An action that waits a few seconds so that it can be taken back instead of being asked about beforehand.
import type { Clock } from '../lib/clock';

export const UNDO_SECONDS = 5;

export class DelayedAction {
  private cancel: (() => void) | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly onLeft: (secondsLeft: number | null) => void,
  ) {}

  isArmed(): boolean {
    return this.cancel !== null;
  }

  /** Calls `act` after the wait unless `undo` comes first. A second `arm` changes nothing. */
  arm(act: () => void): void {
    if (this.cancel !== null) return;
    this.tick(UNDO_SECONDS, act);
  }

  undo(): void {
    this.cancel?.();
    this.cancel = null;
    this.onLeft(null);
  }

  private tick(left: number, act: () => void): void {
    this.onLeft(left);
    this.cancel = this.clock.after(1000, () => {
      if (left > 1) {
        this.tick(left - 1, act);
        return;
      }
      this.cancel = null;
      this.onLeft(null);
      act();
    });
  }
}
