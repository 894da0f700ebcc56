// The only file that touches RTCPeerConnection. One offer, one answer; afterwards only ICE restarts. Tracks of the
// devices are given to it and survive it: a replaced connection sends the same tracks.
import { Emitter } from '../lib/emitter';
import type { Clock } from '../lib/clock';
import type { IceServer, OfferSection, SlotName } from '../protocol/messages';
import type { Gatherer } from '../lib/relay_check';
import type { MediaLink } from '../state/link';
import {
  CAMERA_ENCODINGS,
  SCREEN_ENCODINGS,
  SOUND_ENCODINGS,
  VOICE_ENCODINGS,
  isAudioSlot,
  isAudioUse,
  preferredCodecs,
  sections,
  type ConnectionPlan,
  type PublishUse,
} from './plan';
import { Recovery } from './recovery';
import { sampleStats, type StatsSample } from './stats';

export type SlotStreams = ReadonlyMap<SlotName, MediaStream>;

export interface PeerEvents {
  state: MediaLink;
  streams: SlotStreams;
}

export interface PeerOptions {
  plan: ConnectionPlan;
  clock: Clock;
  random: () => number;
  /** Sends the offer, resolves to the answer's SDP. */
  offer: (sdp: string, sections: OfferSection[], restart: boolean) => Promise<string>;
}

const ENCODINGS: Record<PublishUse, RTCRtpEncodingParameters[]> = {
  microphone: VOICE_ENCODINGS,
  camera: CAMERA_ENCODINGS,
  screen: SCREEN_ENCODINGS,
  'screen-audio': SOUND_ENCODINGS,
};

function preferCodecs(transceiver: RTCRtpTransceiver, kind: 'audio' | 'video', receives: boolean): void {
  const side = receives ? RTCRtpReceiver : RTCRtpSender;
  const codecs = preferredCodecs(side.getCapabilities(kind)?.codecs ?? []);
  if (codecs.length > 0) transceiver.setCodecPreferences(codecs);
}

/** For the check of the backup line (lib/relay_check.ts): it gathers addresses and connects to nothing. */
export const openGatherer = (configuration: RTCConfiguration) => new RTCPeerConnection(configuration) as Gatherer;

export class Peer extends Emitter<PeerEvents> {
  private pc: RTCPeerConnection | null = null;
  private readonly senders = new Map<PublishUse, RTCRtpSender>();
  private readonly slotMids = new Map<SlotName, string>();
  private readonly tracks = new Map<PublishUse, MediaStreamTrack | null>();
  private readonly recovery: Recovery;
  private iceServers: IceServer[] = [];

  constructor(private readonly options: PeerOptions) {
    super();
    this.recovery = new Recovery(options.clock, options.random, {
      restart: () => void this.restartIce(),
      replace: () => void this.replace(),
      onState: (state) => this.emit('state', state),
    });
  }

  /** For the next connection or ICE restart; what already runs keeps its way. */
  setIceServers(servers: IceServer[]): void {
    this.iceServers = servers;
  }

  onSignalingUp(fresh: boolean): void {
    this.recovery.onSignalingUp(fresh);
  }

  onSignalingDown(): void {
    this.recovery.onSignalingDown();
  }

  /** Puts a device's track on the connection, this one and every later one; null sends nothing. */
  setTrack(use: PublishUse, track: MediaStreamTrack | null): void {
    this.tracks.set(use, track);
    this.senders.get(use)?.replaceTrack(track).catch(() => undefined);
  }

  async sample(mainSlot: SlotName): Promise<StatsSample | null> {
    if (this.pc === null) return null;
    const report = await this.pc.getStats();
    return sampleStats([...(report as unknown as Map<string, unknown>).values()], this.slotMids.get(mainSlot) ?? null);
  }

  /** For the tests that read getStats through the debug handle. */
  connection(): RTCPeerConnection | null {
    return this.pc;
  }

  close(): void {
    this.recovery.stop();
    this.drop();
  }

  private drop(): void {
    if (this.pc === null) return;
    this.pc.onconnectionstatechange = null;
    this.pc.close();
    this.pc = null;
    this.senders.clear();
    this.slotMids.clear();
  }

  private async replace(): Promise<void> {
    this.drop();
    const pc = new RTCPeerConnection(this.configuration());
    this.pc = pc;
    pc.onconnectionstatechange = () => this.recovery.onPath(pc.connectionState);
    const streams = new Map<SlotName, MediaStream>();
    for (const use of this.options.plan.publish) this.addSender(pc, use);
    for (const slot of this.options.plan.slots) {
      const kind = isAudioSlot(slot) ? 'audio' : 'video';
      const transceiver = pc.addTransceiver(kind, { direction: 'recvonly' });
      preferCodecs(transceiver, kind, true);
      streams.set(slot, new MediaStream([transceiver.receiver.track]));
    }
    await this.negotiate(pc, false);
    if (this.pc === pc) this.emit('streams', streams);
  }

  private configuration(): RTCConfiguration {
    return { bundlePolicy: 'max-bundle', iceServers: this.iceServers };
  }

  private addSender(pc: RTCPeerConnection, use: PublishUse): void {
    const kind = isAudioUse(use) ? 'audio' : 'video';
    // A copy: browsers write into the encodings they are given.
    const sendEncodings = ENCODINGS[use].map((encoding) => ({ ...encoding }));
    const transceiver = pc.addTransceiver(kind, { direction: 'sendonly', sendEncodings });
    preferCodecs(transceiver, kind, false);
    this.senders.set(use, transceiver.sender);
    const track = this.tracks.get(use);
    if (track) transceiver.sender.replaceTrack(track).catch(() => undefined);
  }

  async restartIce(): Promise<void> {
    const { pc } = this;
    if (pc === null || pc.signalingState !== 'stable') {
      this.recovery.onNegotiationFailed();
      return;
    }
    // The credentials of the connection's beginning may have run out since.
    pc.setConfiguration(this.configuration());
    await this.negotiate(pc, true);
  }

  private async negotiate(pc: RTCPeerConnection, restart: boolean): Promise<void> {
    try {
      await pc.setLocalDescription(await pc.createOffer({ iceRestart: restart }));
      // Candidates are not waited for: the server is ICE-lite and learns ours from our checks.
      const list = sections(
        this.options.plan,
        pc.getTransceivers().map((transceiver) => transceiver.mid),
      );
      for (const one of list) if (one.slot !== undefined) this.slotMids.set(one.slot, one.mid);
      const answer = await this.options.offer(pc.localDescription?.sdp ?? '', list, restart);
      if (this.pc === pc) await pc.setRemoteDescription({ type: 'answer', sdp: answer });
    } catch {
      if (this.pc === pc) this.recovery.onNegotiationFailed();
    }
  }
}
