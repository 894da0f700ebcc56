// A lesson's HLS stream in one media element: through hls.js where Media Source exists, natively elsewhere (older
// Safari). Renews the address that it fetches with, measures how far behind the lesson it plays, and changes between
// picture and sound alone.
import Hls from 'hls.js';
import { Store } from '../lib/store';
import { ApiError, openStream, type StreamAddress } from '../lib/api';
import { behind, isTooFarBehind, isWeak, onHttpError, renewIn, withGrant } from './stream_address';

export type LiveState = 'opening' | 'playing' | 'paused' | 'waiting' | 'notLive' | 'busy' | 'forbidden' | 'ended';

export interface LiveView {
  state: LiveState;
  /** Seconds between the lesson and what is played; null while unknown. */
  behind: number | null;
  soundOnly: boolean;
  /** The line was too weak for the picture, so that sound alone was chosen without being asked. */
  fellBack: boolean;
  /** The browser plays nothing before a click. */
  needsClick: boolean;
}

const RETRY_MS = 3_000;
const MEASURE_MS = 1_000;
/** A decoder that fails again sooner than this is not helped by emptying its buffer once more. */
const DECODER_REST_MS = 10_000;
/** How much faster it plays to come back to its place; voices keep their pitch. */
const CATCH_UP_RATE = 1.05;

export class LiveStream {
  readonly view = new Store<LiveView>({ state: 'opening', behind: null, soundOnly: false, fellBack: false, needsClick: false });
  private address: StreamAddress | null = null;
  private clockOffsetMs = 0;
  private hls: Hls | null = null;
  private renewal: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly measuring: ReturnType<typeof setInterval>;
  private stalls: number[] = [];
  private decoderFailed = -Infinity;
  private renewing: Promise<void> | null = null;
  private closed = false;

  constructor(private readonly lesson: string, private readonly element: HTMLVideoElement) {
    this.measuring = setInterval(() => this.measure(), MEASURE_MS);
    element.addEventListener('waiting', this.onWaiting);
    element.addEventListener('playing', this.onPlaying);
    element.addEventListener('pause', this.onPause);
    element.addEventListener('error', this.onError);
    void this.open();
  }

  close(): void {
    this.closed = true;
    clearInterval(this.measuring);
    clearTimeout(this.renewal);
    clearTimeout(this.retry);
    this.element.removeEventListener('waiting', this.onWaiting);
    this.element.removeEventListener('playing', this.onPlaying);
    this.element.removeEventListener('pause', this.onPause);
    this.element.removeEventListener('error', this.onError);
    this.empty();
  }

  /** Back to where the lesson is, after a pause. */
  toLive(): void {
    const place = this.hls?.liveSyncPosition ?? null;
    if (place !== null) this.element.currentTime = place;
    this.start();
  }

  toggle(): void {
    if (this.element.paused) this.start();
    else this.element.pause();
  }

  setVolume(volume: number): void {
    this.element.volume = volume;
    this.element.muted = volume === 0;
  }

  showFull(): void {
    void this.element.requestFullscreen?.().catch(() => undefined);
  }

  start(): void {
    this.element.play().then(
      () => this.change({ needsClick: false }),
      (error: unknown) => this.change({ needsClick: error instanceof DOMException && error.name === 'NotAllowedError' }),
    );
  }

  listenOnly(soundOnly: boolean): void {
    this.change({ soundOnly, fellBack: false });
    this.stalls = [];
    if (this.address !== null) this.play(this.address);
  }

  private change(part: Partial<LiveView>): void {
    this.view.set({ ...this.view.get(), ...part });
  }

  /** Also when the picture is taken away to be replaced: then it was not the viewer who paused. */
  private readonly onPause = () => {
    if (this.view.get().state === 'playing' && this.element.readyState > HTMLMediaElement.HAVE_NOTHING) this.change({ state: 'paused' });
  };

  /** Of an element that plays by itself: its address is void, or its line is gone. */
  private readonly onError = () => {
    if (this.hls === null && this.element.getAttribute('src') !== null && !this.closed) this.again();
  };

  private empty(): void {
    this.hls?.destroy();
    this.hls = null;
    this.element.removeAttribute('src');
    this.element.load();
  }

  private readonly onPlaying = () => {
    const stalled = this.view.get().state === 'waiting';
    this.change({ state: 'playing', needsClick: false });
    // A pause is the viewer's, an outage is nobody's: what was missed is in the recording.
    if (stalled && isTooFarBehind(this.hls?.latency ?? 0)) this.toLive();
  };

  private readonly onWaiting = () => {
    if (this.view.get().state !== 'playing') return;
    this.change({ state: 'waiting' });
    if (this.view.get().soundOnly) return;
    const now = performance.now();
    this.stalls = [...this.stalls.slice(-2), now];
    if (!isWeak(this.stalls, now)) return;
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
        this.empty();
        this.change({ state: 'forbidden', behind: null });
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

  /** The address is void: somebody lost the right to watch. Who may still watch gets another and plays on. */
  private renewNow(hls: Hls): void {
    this.renewing ??= this.ask().then((address) => {
      this.renewing = null;
      if (address !== null && this.hls === hls) hls.startLoad();
    });
  }

  private again(): void {
    this.hls?.destroy();
    this.hls = null;
    this.change({ state: 'waiting' });
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.open(), RETRY_MS);
  }

  private play(address: StreamAddress): void {
    this.hls?.destroy();
    this.hls = null;
    this.change({ state: 'opening' });
    const url = this.view.get().soundOnly ? address.soundUrl : address.pictureUrl;
    if (!Hls.isSupported()) {
      this.element.src = url;
      this.start();
      return;
    }
    const hls = new Hls({
      lowLatencyMode: true,
      backBufferLength: 30,
      maxLiveSyncPlaybackRate: CATCH_UP_RATE,
      xhrSetup: (xhr, asked) => {
        if (this.address !== null) xhr.open('GET', withGrant(asked, this.address.url), true);
      },
    });
    this.hls = hls;
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (this.hls !== hls) return;
      const then = onHttpError(data.response?.code);
      if (then === 'renew') return this.renewNow(hls);
      if (!data.fatal) return;
      const now = performance.now();
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR && now - this.decoderFailed > DECODER_REST_MS) {
        this.decoderFailed = now;
        return hls.recoverMediaError();
      }
      this.again();
    });
    hls.on(Hls.Events.LEVEL_UPDATED, (_event, data) => {
      if (!data.details.live) this.change({ state: 'ended' });
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.start());
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
