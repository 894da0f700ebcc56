// The elements that play: one per track, each following the master clock. The page gives it elements and asks it for
// the time; it starts, stops, seeks and nudges them.
import type { Recording, Segment, Track } from '../lib/api';
import { Store } from '../lib/store';
import { MasterClock } from './clock';
import { correction, durationOf, nextSegment, segmentAt } from './sync';

const TICK_MS = 100;
// A seek needs this long to show whether it worked; correcting earlier would chase its own tail.
const SEEK_SETTLE_MS = 600;
// One broken file must not stop the lesson: after this the others go on without it.
const WAIT_MAX_MS = 8000;

export interface DeckState {
  atUs: number;
  isPlaying: boolean;
  isBuffering: boolean;
  rate: number;
}

interface Seat {
  track: Track;
  element: HTMLMediaElement;
  segment: string | null;
  settledAt: number;
  waitsSince: number | null;
}

export class Deck {
  readonly durationUs: number;
  readonly state = new Store<DeckState>({ atUs: 0, isPlaying: false, isBuffering: false, rate: 1 });
  private readonly clock: MasterClock;
  private readonly seats = new Map<Track, Seat>();
  private isPlaying = false;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(recording: Recording) {
    this.durationUs = durationOf(recording);
    this.clock = new MasterClock(this.durationUs);
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  close(): void {
    clearInterval(this.timer);
    for (const seat of this.seats.values()) seat.element.pause();
  }

  attach(track: Track, element: HTMLMediaElement | null): void {
    if (element === null) {
      this.seats.delete(track);
      return;
    }
    if (this.seats.get(track)?.element === element) return;
    this.seats.set(track, { track, element, segment: null, settledAt: 0, waitsSince: null });
    this.tick();
  }

  toggle(): void {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  play(): void {
    const now = performance.now();
    if (this.clock.timeUs(now) >= this.durationUs) this.clock.seek(0, now);
    this.isPlaying = true;
    this.tick();
  }

  pause(): void {
    this.isPlaying = false;
    this.clock.hold(performance.now());
    this.tick();
  }

  seek(us: number): void {
    this.clock.seek(us, performance.now());
    for (const seat of this.seats.values()) {
      seat.settledAt = 0;
      seat.waitsSince = null;
    }
    this.tick();
  }

  skip(us: number): void {
    this.seek(this.clock.timeUs(performance.now()) + us);
  }

  setRate(rate: number): void {
    this.clock.setRate(rate, performance.now());
    this.tick();
  }

  timeUs(): number {
    return this.clock.timeUs(performance.now());
  }

  /** Seconds between the clock and the element furthest from it. */
  drift(): number {
    const now = performance.now();
    let most = 0;
    for (const seat of this.seats.values()) {
      const placed = segmentAt(seat.track, this.clock.timeUs(now));
      if (placed === null || seat.segment !== placed.segment.id || seat.element.readyState < 2 || seat.element.ended) continue;
      most = Math.max(most, Math.abs(seat.element.currentTime - placed.offset));
    }
    return most;
  }

  private tick(): void {
    const now = performance.now();
    const us = this.clock.timeUs(now);
    if (this.isPlaying && us >= this.durationUs) this.isPlaying = false;
    let mustWait = false;
    for (const seat of this.seats.values()) {
      const isLoading = this.follow(seat, us, now);
      if (isLoading) seat.waitsSince ??= now;
      else seat.waitsSince = null;
      if (seat.waitsSince !== null && now - seat.waitsSince < WAIT_MAX_MS) mustWait = true;
    }
    // All run or none: while one loads, the others do not run ahead of it.
    const runs = this.isPlaying && !mustWait;
    for (const seat of this.seats.values()) runElement(seat, runs && segmentAt(seat.track, us) !== null);
    if (runs) this.clock.run(now);
    else this.clock.hold(now);
    this.state.update((before) => {
      const next = { atUs: us, isPlaying: this.isPlaying, isBuffering: this.isPlaying && mustWait, rate: this.clock.rate() };
      const isSame = before.atUs === next.atUs && before.isPlaying === next.isPlaying && before.isBuffering === next.isBuffering && before.rate === next.rate;
      return isSame ? before : next;
    });
  }

  /** Brings one element to where the clock is. True while it is loading. */
  private follow(seat: Seat, us: number, now: number): boolean {
    const { element } = seat;
    const placed = segmentAt(seat.track, us);
    if (placed === null) {
      // In a gap the next file loads, so that it begins in step.
      load(seat, nextSegment(seat.track, us));
      return false;
    }
    if (seat.segment !== placed.segment.id) {
      load(seat, placed.segment);
      element.currentTime = placed.offset;
      seat.settledAt = now + SEEK_SETTLE_MS;
    }
    if (element.error !== null) return false;
    // The file may be a little shorter than its row says: its last picture stays.
    if (element.ended || (Number.isFinite(element.duration) && placed.offset >= element.duration)) return false;
    const isLoading = element.readyState < 3 || element.seeking;
    if (!isLoading || now >= seat.settledAt) this.correct(seat, placed.offset, now);
    return isLoading && element.networkState !== HTMLMediaElement.NETWORK_NO_SOURCE;
  }

  private correct(seat: Seat, offset: number, now: number): void {
    const { element } = seat;
    const fix = correction(element.currentTime - offset, this.clock.rate());
    if (fix.kind === 'rate') {
      if (element.playbackRate !== fix.rate) element.playbackRate = fix.rate;
    } else if (now >= seat.settledAt) {
      // Also in the middle of an older seek: a person who drags along the timeline wants the newest place.
      element.currentTime = offset;
      element.playbackRate = this.clock.rate();
      seat.settledAt = now + SEEK_SETTLE_MS;
    }
  }
}

function load(seat: Seat, segment: Segment | null): void {
  if (segment === null || seat.segment === segment.id) return;
  seat.segment = segment.id;
  seat.element.src = segment.url;
}

function runElement({ element }: Seat, runs: boolean): void {
  if (runs && element.paused && !element.ended && element.error === null) element.play().catch(() => undefined);
  if (!runs && !element.paused) element.pause();
}
