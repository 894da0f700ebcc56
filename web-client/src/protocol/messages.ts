// The lesson protocol, version 1, as types. The prose is signaling/protocol/PROTOCOL.md; the samples that both sides
// read are in tests/data/protocol.

export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = 'tongke.v1';

export type Role = 'teacher' | 'class' | 'observer';
export type LessonPhase = 'scheduled' | 'live' | 'ended';
export type LinkGrade = 'good' | 'weak' | 'lost';
export type ParticipantId = string;

export interface Lesson {
  id: string;
  topic: string;
  subject: string;
  grade: string;
  kind: string;
  school: string;
  teacher: string;
  state: LessonPhase;
  /** Wall clock in microseconds, 0 before the lesson goes live. */
  startedAt: number;
}

export interface Participant {
  p: ParticipantId;
  role: Role;
  name: string;
  school: string;
  classId: string;
  headcount: number;
  online: boolean;
  hand: boolean;
  /** Session clock, microseconds. */
  handAt: number;
  onStage: boolean;
  muted: boolean;
  mutedBy: 'teacher' | 'self' | null;
  mic: boolean;
  camera: boolean;
  screen: boolean;
  link: LinkGrade;
  speaking: boolean;
}

// What happened in the lesson; `n` grows by one per lesson, `at` is on the session clock.
export type LessonEvent = { t: 'event'; n: number; at: number } & EventBody;

export type EventBody =
  | { kind: 'lesson-live'; startedAt: number }
  | { kind: 'lesson-ended' }
  | { kind: 'participant-joined'; participant: Participant }
  | { kind: 'participant-away'; p: ParticipantId }
  | { kind: 'participant-back'; p: ParticipantId }
  | { kind: 'participant-left'; p: ParticipantId }
  | { kind: 'participant-removed'; p: ParticipantId }
  | { kind: 'participant-readmitted'; p: ParticipantId }
  | { kind: 'hand'; p: ParticipantId; up: boolean }
  | { kind: 'stage'; p: ParticipantId | null; previous: ParticipantId | null }
  | { kind: 'mute'; p: ParticipantId; muted: boolean; by: 'teacher' | 'self' }
  | { kind: 'chat'; p: ParticipantId; text: string; name: string }
  | { kind: 'headcount'; p: ParticipantId; count: number }
  | { kind: 'media'; p: ParticipantId; mic: boolean; camera: boolean; screen: boolean }
  | { kind: 'recording'; on: boolean; reason: string }
  | { kind: 'encoder'; on: boolean }
  | { kind: 'voice'; p: ParticipantId; speaking: boolean }
  | { kind: 'link'; p: ParticipantId; link: LinkGrade };

export type ChatEvent = { t: 'event'; n: number; at: number } & Extract<EventBody, { kind: 'chat' }>;

export interface LessonSnapshot {
  participants: Participant[];
  /** Whom the teacher may let in again. */
  removed: Participant[];
  stage: ParticipantId | null;
  recording: boolean;
  chat: ChatEvent[];
  /** A WHIP encoder already sends the teacher's picture. */
  encoder: boolean;
}

/** TURN with credentials made for this page; what RTCPeerConnection takes as one of its iceServers. */
export interface IceServer {
  urls: string[];
  username: string;
  credential: string;
}

export interface Welcome {
  t: 'welcome';
  id: number;
  v: number;
  you: ParticipantId;
  role: Role;
  seat: string;
  resumed: boolean;
  at: number;
  lesson: Lesson;
  state: LessonSnapshot | null;
  last: number;
  iceServers: IceServer[];
}

export type AudioSlot = 'voice-teacher' | 'voice-stage' | 'voice-0' | 'voice-1' | 'sound-screen';
export const WALL_SLOTS = 12;
export type VideoSlot = 'teacher' | 'screen' | 'board' | 'stage' | `wall-${number}`;
export type SlotName = AudioSlot | VideoSlot;
export type SectionUse = 'microphone' | 'camera' | 'screen' | 'screen-audio' | 'slot';

export interface OfferSection {
  mid: string;
  use: SectionUse;
  slot?: SlotName;
}

export interface SlotFeed {
  p: ParticipantId;
  source: string;
}
export type SlotMap = Record<string, SlotFeed | null>;

export interface LinkFigures {
  rtt: number;
  lossUp: number;
  lossDown: number;
  kbpsUp: number;
  kbpsDown: number;
}

export type ErrorCode =
  | 'bad-json'
  | 'bad-message'
  | 'unknown-message'
  | 'version'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'too-fast'
  | 'not-live'
  | 'internal'
  | 'overloaded';

export type SourceRole = 'teacher-camera' | 'board' | 'courseware' | 'other';
export type SourceKind = 'rtmp-push' | 'rtsp' | 'rtsp-udp' | 'srt' | 'rtmp';
export type SourceState = 'off' | 'waiting' | 'connecting' | 'live' | 'retrying';

/** A recorder, camera or encoder, and how it does. */
export interface SourceStatus {
  source: string;
  name: string;
  role: SourceRole;
  kind: SourceKind;
  /** Where it is called; empty when it calls us. */
  address: string;
  state: SourceState;
  reason: string;
  /** Seconds, counted from when the state became what it is. */
  retryIn: number;
}

export interface UndecodableSlot {
  /** What it is sent as: `vp8`, `vp9`, `h264`, `av1`, or one that a newer server names. */
  codec: string;
}

export type ServerMessage =
  | Welcome
  | { t: 'ok'; id: number }
  | { t: 'error'; id: number | null; code: ErrorCode; message: string }
  | { t: 'answer'; id: number; sdp: string }
  | { t: 'pong'; id: number; at: number }
  | LessonEvent
  | { t: 'slots'; map: SlotMap }
  | { t: 'levels'; levels: Record<ParticipantId, number> }
  | { t: 'links'; links: Record<ParticipantId, LinkFigures> }
  | { t: 'observers'; count: number }
  /** What the overloaded server leaves out for this page: PROTOCOL.md, `relief`. */
  | { t: 'relief'; step: string }
  /** Slots whose picture this page cannot decode: all of them. */
  | { t: 'undecodable'; slots: Record<string, UndecodableSlot> }
  /** What this participant sends beyond what was agreed, by source, with the agreed kbit/s: all of it. */
  | { t: 'over-rate'; sources: Record<string, number> }
  /** The lesson's recorders and encoders, all of them; to its teachers. */
  | { t: 'sources'; sources: SourceStatus[] };

export interface QualityReport {
  /** Milliseconds. */
  rtt: number;
  /** Shares, 0 to 1. */
  lossUp: number;
  lossDown: number;
  kbpsUp: number;
  kbpsDown: number;
  /** Milliseconds within the report's span in which the main picture stood still. */
  frozen: number;
  /** Milliseconds between arrival and playout. */
  playoutDelay: number;
}

// Requests without their `id`; the session adds it.
export type Request =
  | { t: 'hello'; v: number; lesson: string; resume?: { seat: string; last: number } }
  | { t: 'offer'; sdp: string; sections: OfferSection[]; restart?: boolean }
  | { t: 'limit'; slot: VideoSlot; layer: number }
  | { t: 'wall'; show: ParticipantId[] }
  /** Video slots that this page does not show just now: all of them, in place of what was said before. */
  | { t: 'view'; hidden: VideoSlot[] }
  | { t: 'start' }
  | { t: 'end' }
  | { t: 'hand'; up: boolean }
  | { t: 'call'; p: ParticipantId }
  | { t: 'release' }
  | { t: 'mute'; p: ParticipantId; muted: boolean }
  | { t: 'remove'; p: ParticipantId }
  | { t: 'readmit'; p: ParticipantId }
  | { t: 'chat'; text: string }
  | { t: 'headcount'; n: number }
  | { t: 'media'; mic: boolean; camera: boolean; screen: boolean }
  | ({ t: 'quality' } & QualityReport)
  | { t: 'ping' };

export type ClientMessage = Request & { id: number };

export const CLOSE = {
  lessonEnded: 4000,
  version: 4400,
  forbidden: 4403,
  noHello: 4408,
  takenOver: 4409,
  removed: 4410,
  tooFast: 4429,
} as const;

/** `limit` with this layer takes the limit away. */
export const NO_LIMIT = 255;

export const CHAT_MAX = 500;
export const HEADCOUNT_MAX = 200;
