// Which pictures this page really shows. The server sends nothing for the others: not for what is scrolled out of
// sight, not for a tab in the background, not for who wants to listen only. Told the time; knows no page.
import type { Clock } from '../lib/clock';
import type { SlotMap, VideoSlot } from '../protocol/messages';

/** A picture that is out of sight for less long, as in scrolling, goes on: coming back costs a key frame. */
export const HIDE_AFTER_MS = 300;

/** One place on the page where a slot's picture stands. */
export interface Look {
  see(isVisible: boolean): void;
  end(): void;
}

export interface OutlookOptions {
  clock: Clock;
  /** All that the connection has. */
  slots: readonly VideoSlot[];
  /** All slots for which nothing need be sent; replaces what was said before. */
  say: (hidden: VideoSlot[]) => void;
}

export class Outlook {
  private readonly seen = new Map<VideoSlot, Set<Look>>();
  private fed = new Set<string>();
  private isAway = false;
  private isOff = false;
  private said: VideoSlot[] = [];
  private cancel: (() => void) | null = null;

  constructor(private readonly options: OutlookOptions) {}

  look(slot: VideoSlot): Look {
    const places = this.seen.get(slot) ?? new Set<Look>();
    this.seen.set(slot, places);
    const look: Look = {
      see: (isVisible) => {
        if (isVisible) places.add(look);
        else places.delete(look);
        this.changed();
      },
      end: () => look.see(false),
    };
    return look;
  }

  /** What the server feeds; a slot without a picture need not be hidden, so that its next one comes at once. */
  setFed(map: SlotMap): void {
    this.fed = new Set(Object.keys(map).filter((slot) => map[slot] !== null));
    this.changed();
  }

  /** The tab is in the background. */
  setAway(isAway: boolean): void {
    this.isAway = isAway;
    this.changed();
  }

  /** Only sound is wanted. */
  setOff(isOff: boolean): void {
    this.isOff = isOff;
    this.changed();
  }

  /** The server may have forgotten, or not heard: says all of it once more. */
  again(): void {
    this.tell(this.hidden());
  }

  hides(slot: VideoSlot): boolean {
    return this.said.includes(slot);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = null;
  }

  private hidden(): VideoSlot[] {
    const all = this.isAway || this.isOff;
    return this.options.slots.filter((slot) => all || (this.fed.has(slot) && (this.seen.get(slot)?.size ?? 0) === 0));
  }

  private changed(): void {
    const hidden = this.hidden();
    if (this.isAway || this.isOff) return this.tellIfNew(hidden);
    // What comes into sight is said at once, what leaves it a little later.
    const still = this.said.filter((slot) => hidden.includes(slot));
    this.tellIfNew(still);
    if (hidden.length === still.length) return this.stop();
    this.cancel ??= this.options.clock.after(HIDE_AFTER_MS, () => {
      this.cancel = null;
      this.tellIfNew(this.hidden());
    });
  }

  private tellIfNew(hidden: VideoSlot[]): void {
    if (hidden.length !== this.said.length || hidden.some((slot) => !this.said.includes(slot))) this.tell(hidden);
  }

  private tell(hidden: VideoSlot[]): void {
    this.stop();
    this.said = hidden;
    this.options.say(hidden);
  }
}
