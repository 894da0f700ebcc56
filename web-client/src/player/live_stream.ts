// A lesson's HLS stream in one media element: through hls.js where Media Source exists, natively elsewhere (older
// Safari). Renews the address that it fetches with, measures how far behind the lesson it plays, and changes between
// picture and sound alone.
import Hls from 'hls.js';
import { Store } from '../lib/store';
import { ApiError, openStream, type StreamAddress } from '../lib/api';
import { behind, renewIn, withGrant } from './stream_address';

export type LiveState = 'opening' | 'playing' | 'waiting' | 'notLive' | 'busy' | 'forbidden' | 'ended';

export interface LiveView {
  state: LiveState;
  /** Seconds between the lesson and what is played; null while unknown. */
  behind: number | null;
  soundOnly: boolean;
  /** The line was too weak for the picture, so that sound alone was chosen without being asked. */
  fellBack: boolean;
}

const RETRY_MS = 3_000;
const MEASURE_MS = 1_000;
/** Stalls of the picture within WEAK_SPAN_MS after which sound alone goes on. */
const WEAK_STALLS = 3;
const WEAK_SPAN_MS = 30_000;

export class LiveStream {
  readonly view = new Store<LiveView>({ state: 'opening', behind: null, soundOnly: false, fellBack: false });
  private address: StreamAddress | null = null;
  private clockOffsetMs = 0;
  private hls: Hls | null = null;
  private renewal: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly measuring: ReturnType<typeof setInterval>;
  private stalls: number[] = [];
  private closed = false;

  constructor(private readonly lesson: string, private readonly element: HTMLVideoElement) {
    this.measuring = setInterval(() => this.measure(), MEASURE_MS);
    element.addEventListener('waiting', this.onWaiting);
    element.addEventListener('playing', this.onPlaying);
    void this.open();
  }

  close(): void {
    this.closed = true;
    clearInterval(this.measuring);
    clearTimeout(this.renewal);
    clearTimeout(this.retry);
    this.element.removeEventListener('waiting', this.onWaiting);
    this.element.removeEventListener('playing', this.onPlaying);
    this.hls?.destroy();
    this.element.removeAttribute('src');
    this.element.load();
  }

  listenOnly(soundOnly: boolean): void {
    this.change({ soundOnly, fellBack: false });
    this.stalls = [];
    if (this.address !== null) this.play(this.address);
  }

  private change(part: Partial<LiveView>): void {
    this.view.set({ ...this.view.get(), ...part });
  }

  private readonly onPlaying = () => this.change({ state: 'playing' });

  private readonly onWaiting = () => {
    if (this.view.get().state !== 'playing') return;
    this.change({ state: 'waiting' });
    if (this.view.get().soundOnly) return;
    const now = performance.now();
    this.stalls = [...this.stalls.filter((at) => now - at < WEAK_SPAN_MS), now];
    if (this.stalls.length < WEAK_STALLS) return;
    this.listenOnly(true);
    this.change({ fellBack: true });
  };

  private async open(): Promise<void> {
    clearTimeout(this.retry);
    const address = await this.ask();
    if (address === null || this.closed) return;
    this.play(address);
  }

  /** A fresh address, or null when there is none now; then it is asked for again later. */
  private async ask(): Promise<StreamAddress | null> {
    try {
      const address = await openStream(this.lesson);
      this.address = address;
      this.clockOffsetMs = address.serverTime / 1000 - Date.now();
      clearTimeout(this.renewal);
      this.renewal = setTimeout(() => void this.renew(), renewIn(address));
      return address;
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      if (this.closed) return null;
      if (status === 401 || status === 403 || status === 404) {
        this.change({ state: 'forbidden' });
        return null;
      }
      this.change({ state: status === 409 ? 'notLive' : status === 503 ? 'busy' : 'waiting' });
      this.retry = setTimeout(() => void this.open(), RETRY_MS);
      return null;
    }
  }

  private async renew(): Promise<void> {
    const address = await this.ask();
    // hls.js takes the new grant with its next request; an element that plays by itself must be told.
    if (address !== null && this.hls === null && !this.closed) this.play(address);
  }

  private play(address: StreamAddress): void {
    this.hls?.destroy();
    this.hls = null;
    const url = this.view.get().soundOnly ? address.soundUrl : address.pictureUrl;
    if (!Hls.isSupported()) {
      this.element.src = url;
      this.element.play().catch(() => undefined);
      return;
    }
    const hls = new Hls({
      lowLatencyMode: true,
      backBufferLength: 30,
      maxLiveSyncPlaybackRate: 1.1,
      xhrSetup: (xhr, asked) => {
        if (this.address !== null) xhr.open('GET', withGrant(asked, this.address.url), true);
      },
    });
    this.hls = hls;
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (!data.fatal || this.hls !== hls) return;
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR) return hls.recoverMediaError();
      hls.destroy();
      this.hls = null;
      this.change({ state: 'waiting' });
      clearTimeout(this.retry);
      this.retry = setTimeout(() => void this.open(), RETRY_MS);
    });
    hls.on(Hls.Events.LEVEL_UPDATED, (_event, data) => {
      if (!data.details.live) this.change({ state: 'ended' });
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      this.element.play().catch(() => undefined);
    });
    hls.loadSource(url);
    hls.attachMedia(this.element);
  }

  private measure(): void {
    const date = this.hls?.playingDate?.getTime() ?? this.nativeDate();
    this.change({ behind: date === null ? null : behind(date, Date.now() + this.clockOffsetMs) });
  }

  /** Safari tells the date of a stream's beginning. */
  private nativeDate(): number | null {
    const element = this.element as HTMLVideoElement & { getStartDate?: () => Date };
    const start = element.getStartDate?.().getTime() ?? NaN;
    return Number.isNaN(start) ? null : start + element.currentTime * 1000;
  }
}
