// What this page sends: the devices' tracks, opened once and kept over every connection, and what is switched off.
// It hands tracks to whoever carries them and knows no connection itself.
import { Store } from '../lib/store';
import { loadChoice, openDevice, openScreen, type DeviceKind, type DeviceTrouble } from './devices';
import type { PublishUse } from './plan';

export interface Publishing {
  microphone: MediaStreamTrack | null;
  camera: MediaStreamTrack | null;
  screen: MediaStreamTrack | null;
  microphoneTrouble: DeviceTrouble | null;
  cameraTrouble: DeviceTrouble | null;
  /** Off by the person here; the device stays open. */
  mutedHere: boolean;
  cameraOff: boolean;
}

export interface Sent {
  mic: boolean;
  camera: boolean;
  screen: boolean;
}

const NOTHING: Publishing = {
  microphone: null,
  camera: null,
  screen: null,
  microphoneTrouble: null,
  cameraTrouble: null,
  mutedHere: false,
  cameraOff: false,
};

export function sentBy(state: Publishing): Sent {
  return {
    mic: state.microphone !== null,
    camera: state.camera !== null && !state.cameraOff,
    screen: state.screen !== null,
  };
}

export class Publisher {
  readonly state = new Store<Publishing>(NOTHING);
  private screenAudio: MediaStreamTrack | null = null;
  private wanted: DeviceKind[] = [];
  private isStopped = false;

  constructor(
    private readonly carry: (use: PublishUse, track: MediaStreamTrack | null) => void,
    private readonly onSent: (sent: Sent) => void,
  ) {}

  /** Opens the devices; what cannot be opened is tried again when one is plugged in. */
  async open(kinds: DeviceKind[]): Promise<void> {
    this.wanted = [...new Set([...this.wanted, ...kinds])];
    navigator.mediaDevices?.addEventListener?.('devicechange', this.reopenMissing);
    await Promise.all(kinds.map((kind) => this.openOne(kind)));
  }

  /** Gives camera and microphone back, for example to an encoder that sends in the teacher's name. */
  closeDevices(): void {
    this.wanted = [];
    const { microphone, camera } = this.state.get();
    this.state.update((state) => ({ ...state, microphone: null, camera: null, microphoneTrouble: null, cameraTrouble: null }));
    microphone?.stop();
    camera?.stop();
    this.carry('microphone', null);
    this.carry('camera', null);
    this.tell();
  }

  stop(): void {
    this.isStopped = true;
    navigator.mediaDevices?.removeEventListener?.('devicechange', this.reopenMissing);
    const { microphone, camera, screen } = this.state.get();
    for (const track of [microphone, camera, screen, this.screenAudio]) track?.stop();
    this.state.set(NOTHING);
  }

  setMuted(muted: boolean): void {
    const { microphone } = this.state.get();
    if (microphone !== null) microphone.enabled = !muted;
    this.state.update((state) => ({ ...state, mutedHere: muted }));
  }

  setCameraOff(off: boolean): void {
    this.state.update((state) => ({ ...state, cameraOff: off }));
    this.carry('camera', off ? null : this.state.get().camera);
    this.tell();
  }

  async startScreen(): Promise<void> {
    const stream = await openScreen();
    const video = stream?.getVideoTracks()[0];
    if (stream === null || video === undefined || this.isStopped) return;
    this.screenAudio = stream.getAudioTracks()[0] ?? null;
    // The browser's own "stop sharing" bar.
    video.addEventListener('ended', () => this.stopScreen());
    this.state.update((state) => ({ ...state, screen: video }));
    this.carry('screen', video);
    this.carry('screen-audio', this.screenAudio);
    this.tell();
  }

  stopScreen(): void {
    const { screen } = this.state.get();
    if (screen === null) return;
    screen.stop();
    this.screenAudio?.stop();
    this.screenAudio = null;
    this.state.update((state) => ({ ...state, screen: null }));
    this.carry('screen', null);
    this.carry('screen-audio', null);
    this.tell();
  }

  private readonly reopenMissing = () => {
    for (const kind of this.wanted) if (this.state.get()[kind] === null) void this.openOne(kind);
  };

  private async openOne(kind: DeviceKind): Promise<void> {
    const opened = await openDevice(kind, loadChoice()[kind]);
    // Closed, or opened twice, while the browser was asking.
    if (this.isStopped || !this.wanted.includes(kind) || this.state.get()[kind] !== null) {
      if ('track' in opened) opened.track.stop();
      return;
    }
    const troubleKey = kind === 'microphone' ? 'microphoneTrouble' : 'cameraTrouble';
    if ('trouble' in opened) {
      this.state.update((state) => ({ ...state, [troubleKey]: opened.trouble }));
      this.tell();
      return;
    }
    const { track } = opened;
    track.addEventListener('ended', () => this.lost(kind, track));
    if (kind === 'microphone') track.enabled = !this.state.get().mutedHere;
    this.state.update((state) => ({ ...state, [kind]: track, [troubleKey]: null }));
    if (kind === 'microphone' || !this.state.get().cameraOff) this.carry(kind, track);
    this.tell();
  }

  /** Unplugged or taken by another program: said in words, and opened again when it is back. */
  private lost(kind: DeviceKind, track: MediaStreamTrack): void {
    if (this.state.get()[kind] !== track) return;
    const troubleKey = kind === 'microphone' ? 'microphoneTrouble' : 'cameraTrouble';
    this.state.update((state) => ({ ...state, [kind]: null, [troubleKey]: 'missing' as const }));
    this.carry(kind, null);
    this.tell();
    void this.openOne(kind);
  }

  private tell(): void {
    if (!this.isStopped) this.onSent(sentBy(this.state.get()));
  }
}
