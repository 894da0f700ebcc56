// The deck with elements that play by a hand-turned clock, each a little wrong in its own way.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Recording, Track } from '../lib/api';
import { aLesson } from '../state/fixtures';
import { Deck } from './deck';

const S = 1_000_000;

/** Plays `speed` times as fast as it should, and needs `loadMs` after each new file or seek. */
class FakeElement {
  playbackRate = 1;
  paused = true;
  ended = false;
  error: object | null = null;
  networkState = 1;
  duration = 60;
  private at = 0;
  private since = 0;
  private readyAt = 0;
  private file = '';

  constructor(
    private readonly speed = 1,
    private readonly loadMs = 0,
  ) {}

  private ready() {
    return this.file !== '' && performance.now() >= this.readyAt;
  }

  get readyState() {
    return this.ready() ? 4 : 1;
  }

  get seeking() {
    return !this.ready();
  }

  get src() {
    return this.file;
  }

  set src(url: string) {
    this.file = url;
    this.currentTime = 0;
  }

  get currentTime() {
    const from = Math.max(this.since, this.readyAt);
    const ran = this.paused ? 0 : Math.max(0, performance.now() - from) / 1000;
    return this.at + ran * this.playbackRate * this.speed;
  }

  set currentTime(seconds: number) {
    this.at = seconds;
    this.since = performance.now();
    this.readyAt = performance.now() + this.loadMs;
  }

  /** Every change of pace is told here first, so that the time so far is kept. */
  settle() {
    this.at = this.currentTime;
    this.since = performance.now();
  }

  play() {
    this.settle();
    this.paused = false;
    return Promise.resolve();
  }

  pause() {
    this.settle();
    this.paused = true;
  }
}

function trackOf(participant: string, startUs: number): Track {
  return {
    participant, name: participant, role: 'class', source: 'camera',
    segments: [{ id: participant, url: `/${participant}`, codec: 'vp8', startUs, endUs: startUs + 60 * S }],
  };
}

describe('Deck', () => {
  let deck: Deck;
  const a = trackOf('a', 0);
  const b = trackOf('b', 10 * S);

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('HTMLMediaElement', { NETWORK_NO_SOURCE: 3 });
    const lesson = { ...aLesson, state: 'ended' as const, scheduledAt: 0, endedAt: 0, classes: [], role: 'observer' as const };
    const recording: Recording = { lesson, durationUs: 70 * S, tracks: [a, b], events: [] };
    deck = new Deck(recording);
  });

  afterEach(() => {
    deck.close();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const seat = (track: Track, element: FakeElement) => {
    // A change of rate must not bend the past.
    let rate = 1;
    Object.defineProperty(element, 'playbackRate', {
      get: () => rate,
      set: (next: number) => {
        element.settle();
        rate = next;
      },
    });
    deck.attach(track, element as unknown as HTMLMediaElement);
    return element;
  };

  it('starts each track at its place and pauses it in its gaps', () => {
    const first = seat(a, new FakeElement());
    const second = seat(b, new FakeElement());
    deck.play();
    vi.advanceTimersByTime(5000);
    expect([first.paused, second.paused, second.src]).toEqual([false, true, '/b']);
    vi.advanceTimersByTime(10_000);
    expect(second.paused).toBe(false);
    expect(second.currentTime).toBeCloseTo(deck.timeUs() / S - 10, 1);
    vi.advanceTimersByTime(50_000);
    expect(first.paused).toBe(true);
  });

  it.each([0.97, 1.03])('keeps an element that runs at %f of its pace within 80 ms', (speed) => {
    seat(a, new FakeElement(speed));
    deck.play();
    let most = 0;
    for (let i = 0; i < 300; i += 1) {
      vi.advanceTimersByTime(100);
      most = Math.max(most, deck.drift());
    }
    expect(deck.timeUs()).toBeGreaterThan(29 * S);
    expect(most).toBeLessThan(0.08);
  });

  it('all wait while one loads, none runs ahead', () => {
    const quick = seat(a, new FakeElement());
    seat(b, new FakeElement(1, 3000));
    deck.seek(20 * S);
    deck.play();
    vi.advanceTimersByTime(2000);
    expect([deck.timeUs(), quick.paused, deck.state.get().isBuffering]).toEqual([20 * S, true, true]);
    vi.advanceTimersByTime(3000);
    expect(quick.paused).toBe(false);
    expect(deck.timeUs()).toBeGreaterThan(21 * S);
    expect(deck.drift()).toBeLessThan(0.08);
  });

  it('a file that never loads does not stop the lesson for ever', () => {
    const good = seat(a, new FakeElement());
    seat(b, new FakeElement(1, 1e9));
    deck.seek(20 * S);
    deck.play();
    vi.advanceTimersByTime(20_000);
    expect(good.paused).toBe(false);
    expect(deck.timeUs()).toBeGreaterThan(25 * S);
  });

  it('seeks and changes speed for all at once', () => {
    const first = seat(a, new FakeElement());
    const second = seat(b, new FakeElement());
    deck.play();
    deck.seek(30 * S);
    deck.setRate(2);
    vi.advanceTimersByTime(3000);
    expect(deck.timeUs() / S).toBeCloseTo(36, 0);
    expect(first.currentTime - second.currentTime).toBeCloseTo(10, 1);
  });

  it('stops at the end and begins again from the start', () => {
    seat(a, new FakeElement());
    deck.seek(69 * S);
    deck.play();
    vi.advanceTimersByTime(3000);
    expect(deck.state.get().isPlaying).toBe(false);
    deck.play();
    vi.advanceTimersByTime(1000);
    expect(deck.timeUs()).toBeLessThan(3 * S);
  });
});
