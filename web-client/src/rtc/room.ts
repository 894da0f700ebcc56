// A page's whole presence in a lesson: the session, the one media connection and the devices, and what of them the
// page shows. Pages read its stores and call its actions; they know neither sockets nor connections.
import { browserClock } from '../lib/clock';
import { Store } from '../lib/store';
import {
  PROTOCOL_VERSION,
  type LinkFigures,
  type OfferSection,
  type ParticipantId,
  type QualityReport,
  type Request,
  type Role,
  type SlotMap,
  type SlotName,
  type UndecodableSlot,
  type SourceStatus,
  type VideoSlot,
  type Welcome,
} from '../protocol/messages';
import { LessonSession, RequestFailed, type SessionStatus } from '../signaling/session';
import { lessonSocketUrl, openWebSocket } from '../signaling/socket';
import { applyEvent, find, fromSnapshot, teacherOf, type LessonState } from '../state/lesson';
import type { MediaLink } from '../state/link';
import { isSignedIn } from '../lib/api';
import type { DeviceKind } from './devices';
import { Outlook } from '../state/outlook';
import { Peer, type SlotStreams } from './peer';
import { isAudioSlot, planFor } from './plan';
import { Publisher, sentBy } from './publish';
import { report, type StatsSample } from './stats';

const QUALITY_EVERY_MS = 2000;

export interface Me {
  p: ParticipantId;
  role: Role;
}

export class Room {
  readonly lesson = new Store<LessonState | null>(null);
  readonly me = new Store<Me | null>(null);
  readonly status = new Store<SessionStatus>({ kind: 'connecting' });
  readonly media = new Store<MediaLink>('idle');
  readonly streams = new Store<SlotStreams>(new Map());
  readonly slots = new Store<SlotMap>({});
  readonly levels = new Store<Record<ParticipantId, number>>({});
  readonly links = new Store<Record<ParticipantId, LinkFigures>>({});
  readonly observers = new Store(0);
  /** What the server leaves out for want of room; 'none' is nothing. */
  readonly relief = new Store('none');
  /** Slots whose picture this device cannot decode. */
  readonly undecodable = new Store<Record<string, UndecodableSlot>>({});
  /** What is sent from here beyond what was agreed, by source, with the agreed kbit/s. */
  readonly overRate = new Store<Record<string, number>>({});
  /** The lesson's recorders and encoders; told to its teachers. */
  readonly sources = new Store<SourceStatus[]>([]);
  readonly quality = new Store<QualityReport | null>(null);
  /** The last request that the server refused, for the page to say; cleared by the page. */
  readonly refusal = new Store<RequestFailed | null>(null);
  /** Only sound is wanted here. */
  readonly picturesOff = new Store(false);
  readonly publisher: Publisher;
  readonly session: LessonSession;
  readonly peer: Peer;
  readonly outlook: Outlook;
  private wall: ParticipantId[] = [];
  private before: StatsSample | null = null;
  private sampled: RTCPeerConnection | null = null;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(lesson: string, role: Role) {
    this.session = new LessonSession({
      lesson,
      clock: browserClock,
      random: Math.random,
      open: openWebSocket(lessonSocketUrl(window.location)),
      stillSignedIn: isSignedIn,
    });
    const plan = planFor(role);
    this.outlook = new Outlook({
      clock: browserClock,
      slots: plan.slots.filter((slot): slot is VideoSlot => !isAudioSlot(slot)),
      say: (hidden) => this.tellNow({ t: 'view', hidden }),
    });
    this.peer = new Peer({
      plan,
      clock: browserClock,
      random: Math.random,
      offer: (sdp, sections, restart) => this.offer(sdp, sections, restart),
    });
    this.publisher = new Publisher(
      (use, track) => this.peer.setTrack(use, track),
      (sent) => this.tell({ t: 'media', ...sent }),
    );
    this.listen();
    this.timer = setInterval(() => void this.measure(), QUALITY_EVERY_MS);
    window.addEventListener('online', this.retryNow);
    document.addEventListener('visibilitychange', this.onVisibility);
    this.onVisibility();
  }

  start(): void {
    this.session.start();
  }

  leave(): void {
    clearInterval(this.timer);
    window.removeEventListener('online', this.retryNow);
    document.removeEventListener('visibilitychange', this.onVisibility);
    this.outlook.stop();
    this.session.leave();
    this.peer.close();
    this.publisher.stop();
  }

  private readonly onVisibility = () => this.outlook.setAway(document.visibilityState === 'hidden');

  readonly retryNow = () => this.session.retryNow();

  openDevices(kinds: DeviceKind[]): Promise<void> {
    return this.publisher.open(kinds);
  }

  /** An action that may be sent twice without harm: it survives a line that breaks at this moment. */
  send(request: Request): void {
    this.session.request(request, true).catch((error: unknown) => {
      if (error instanceof RequestFailed && error.code !== 'offline') this.refusal.set(error);
    });
  }

  /** What the page reports by itself: nobody waits for it, and a refusal is nobody's news. */
  private tell(request: Request): void {
    this.session.request(request, true).catch(() => undefined);
  }

  /** What only holds now; a new welcome brings all of it again. */
  private tellNow(request: Request): void {
    this.session.request(request).catch(() => undefined);
  }

  /** Whose pictures the wall asks for; none: the server chooses. */
  setWall(show: ParticipantId[]): void {
    if (show.join() === this.wall.join()) return;
    this.wall = show;
    this.tellNow({ t: 'wall', show });
  }

  setPicturesOff(isOff: boolean): void {
    this.picturesOff.set(isOff);
    this.outlook.setOff(isOff);
  }

  /** @throws RequestFailed; the caller keeps the text so that nothing written is lost. */
  async chat(text: string): Promise<void> {
    await this.session.request({ t: 'chat', text });
  }

  setMuted(muted: boolean): void {
    const me = this.me.get();
    this.publisher.setMuted(muted);
    if (me !== null) this.send({ t: 'mute', p: me.p, muted });
  }

  private async offer(sdp: string, sections: OfferSection[], restart: boolean): Promise<string> {
    const request: Request = { t: 'offer', sdp, sections, ...(restart ? { restart } : {}) };
    const reply = await this.session.request(request);
    if (reply.t !== 'answer') throw new RequestFailed('internal', 'an offer was not answered');
    return reply.sdp;
  }

  private listen(): void {
    const { session, peer } = this;
    session.on('welcome', ({ welcome, fresh }) => this.onWelcome(welcome, fresh));
    session.on('event', (event) => this.lesson.update((state) => (state === null ? null : applyEvent(state, event))));
    session.on('slots', (map) => {
      this.slots.set(map);
      this.outlook.setFed(map);
    });
    session.on('levels', (levels) => this.levels.set(levels));
    session.on('links', (links) => this.links.set(links));
    session.on('observers', (count) => this.observers.set(count));
    session.on('relief', (step) => this.relief.set(step));
    session.on('undecodable', (slots) => this.undecodable.set(slots));
    session.on('overRate', (sources) => this.overRate.set(sources));
    session.on('sources', (sources) => this.sources.set(sources));
    session.on('status', (status) => this.onStatus(status));
    peer.on('state', (state) => this.media.set(state));
    peer.on('streams', (streams) => this.streams.set(streams));
  }

  private onStatus(status: SessionStatus): void {
    this.status.set(status);
    if (status.kind === 'waiting') this.peer.onSignalingDown();
    if (status.kind === 'closed') {
      if (status.reason === 'ended') this.lesson.update(ended);
      this.peer.close();
      this.publisher.stop();
      this.media.set('idle');
    }
  }

  private onWelcome(welcome: Welcome, fresh: boolean): void {
    if (welcome.v !== PROTOCOL_VERSION) return;
    this.me.set({ p: welcome.you, role: welcome.role });
    // Told again right after, where they still hold.
    this.relief.set('none');
    this.undecodable.set({});
    this.overRate.set({});
    this.peer.setIceServers(welcome.iceServers);
    if (fresh && welcome.state !== null) {
      this.lesson.set(fromSnapshot(welcome.lesson, welcome.state));
      // The server may have been restarted and know nothing of what is sent and switched off here.
      const publishing = this.publisher.state.get();
      if (publishing.mutedHere) this.tell({ t: 'mute', p: welcome.you, muted: true });
      if (welcome.role !== 'observer') this.tell({ t: 'media', ...sentBy(publishing) });
    }
    // After the status is open, so that the offer finds a session that sends.
    queueMicrotask(() => {
      // Before the offer: a new connection begins with what is in sight.
      if (this.wall.length > 0) this.tellNow({ t: 'wall', show: this.wall });
      this.outlook.again();
      this.peer.onSignalingUp(fresh);
    });
  }

  private expectsPicture(): boolean {
    const state = this.lesson.get();
    const teacher = state === null ? undefined : teacherOf(state);
    const isFed = this.slots.get()['teacher'] !== undefined && this.slots.get()['teacher'] !== null;
    return isFed && !this.outlook.hides('teacher') && state?.lesson.state === 'live' && (teacher?.camera === true || state.encoder);
  }

  private async measure(): Promise<void> {
    const main: SlotName = 'teacher';
    const sample = await this.peer.sample(main).catch(() => null);
    const connection = this.peer.connection();
    const before = this.sampled === connection ? this.before : null;
    this.before = sample;
    this.sampled = connection;
    if (sample === null || before === null || this.media.get() !== 'connected') {
      this.quality.set(null);
      return;
    }
    const quality = report(before, sample, this.expectsPicture());
    this.quality.set(quality);
    if (this.status.get().kind === 'open') {
      this.session.request({ t: 'quality', ...quality }).catch(() => undefined);
    }
  }
}

function ended(state: LessonState | null): LessonState | null {
  return state === null ? null : { ...state, recording: false, lesson: { ...state.lesson, state: 'ended' } };
}

export function myself(room: Room) {
  const state = room.lesson.get();
  return state === null ? undefined : find(state, room.me.get()?.p ?? null);
}

