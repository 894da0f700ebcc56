// From text to a typed message. What the server sends is checked once, here; everything behind trusts the types.
// Unknown fields are ignored and unknown event kinds are kept apart, so that an older page survives a newer server.
import type {
  ChatEvent,
  ErrorCode,
  EventBody,
  IceServer,
  Lesson,
  LessonEvent,
  LessonSnapshot,
  LinkFigures,
  Participant,
  ServerMessage,
  SlotFeed,
  SlotMap,
  SourceStatus,
  UndecodableSlot,
  Welcome,
} from './messages';

/** The message that was not understood: `where` names the field. */
export class BadMessage extends Error {
  constructor(readonly where: string) {
    super(`message not understood at ${where}`);
  }
}

/** An event of a kind this page does not know. It still counts in the numbering. */
export interface UnknownEvent {
  t: 'event';
  n: number;
  at: number;
  kind: 'unknown';
}

type Json = Record<string, unknown>;

function object(value: unknown, where: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadMessage(where);
  return value as Json;
}

function text(from: Json, key: string): string {
  const value = from[key];
  if (typeof value !== 'string') throw new BadMessage(key);
  return value;
}

function number(from: Json, key: string): number {
  const value = from[key];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new BadMessage(key);
  return value;
}

function flag(from: Json, key: string): boolean {
  const value = from[key];
  if (typeof value !== 'boolean') throw new BadMessage(key);
  return value;
}

function textOrNull(from: Json, key: string): string | null {
  return from[key] === null || from[key] === undefined ? null : text(from, key);
}

function list(from: Json, key: string): unknown[] {
  const value = from[key];
  if (!Array.isArray(value)) throw new BadMessage(key);
  return value;
}

function oneOf<T extends string>(from: Json, key: string, allowed: readonly T[]): T {
  const value = from[key];
  const found = allowed.find((a) => a === value);
  if (found === undefined) throw new BadMessage(key);
  return found;
}

const SOURCE_ROLES = ['teacher-camera', 'board', 'courseware', 'other'] as const;
const SOURCE_KINDS = ['rtmp-push', 'rtsp', 'rtsp-udp', 'srt', 'rtmp'] as const;
const SOURCE_STATES = ['off', 'waiting', 'connecting', 'live', 'retrying'] as const;

function parseSource(from: Json): SourceStatus {
  return {
    source: text(from, 'source'),
    name: text(from, 'name'),
    role: oneOf(from, 'role', SOURCE_ROLES),
    kind: oneOf(from, 'kind', SOURCE_KINDS),
    address: text(from, 'address'),
    state: oneOf(from, 'state', SOURCE_STATES),
    reason: text(from, 'reason'),
    retryIn: number(from, 'retryIn'),
  };
}

const ROLES = ['teacher', 'class', 'observer'] as const;
const PHASES = ['scheduled', 'live', 'ended'] as const;
const LINKS = ['good', 'weak', 'lost'] as const;
const MUTERS = ['teacher', 'self'] as const;
const CODES = [
  'bad-json',
  'bad-message',
  'unknown-message',
  'version',
  'forbidden',
  'not-found',
  'conflict',
  'too-large',
  'too-fast',
  'not-live',
  'internal',
  'overloaded',
] as const;

export function parseLesson(value: unknown): Lesson {
  const from = object(value, 'lesson');
  return {
    id: text(from, 'id'),
    topic: text(from, 'topic'),
    subject: text(from, 'subject'),
    grade: text(from, 'grade'),
    kind: text(from, 'kind'),
    school: text(from, 'school'),
    teacher: text(from, 'teacher'),
    state: oneOf(from, 'state', PHASES),
    startedAt: number(from, 'startedAt'),
  };
}

export function parseParticipant(value: unknown): Participant {
  const from = object(value, 'participant');
  return {
    p: text(from, 'p'),
    role: oneOf(from, 'role', ROLES),
    name: text(from, 'name'),
    school: text(from, 'school'),
    classId: textOrNull(from, 'classId') ?? '',
    headcount: number(from, 'headcount'),
    online: flag(from, 'online'),
    hand: flag(from, 'hand'),
    handAt: number(from, 'handAt'),
    onStage: flag(from, 'onStage'),
    muted: flag(from, 'muted'),
    mutedBy: from['mutedBy'] === null ? null : oneOf(from, 'mutedBy', MUTERS),
    mic: flag(from, 'mic'),
    camera: flag(from, 'camera'),
    screen: flag(from, 'screen'),
    link: oneOf(from, 'link', LINKS),
    speaking: flag(from, 'speaking'),
  };
}

function parseEventBody(from: Json): EventBody | null {
  const p = () => text(from, 'p');
  switch (from['kind']) {
    case 'lesson-live':
      return { kind: 'lesson-live', startedAt: number(from, 'startedAt') };
    case 'lesson-ended':
      return { kind: 'lesson-ended' };
    case 'encoder':
      return { kind: 'encoder', on: flag(from, 'on') };
    case 'participant-joined':
      return { kind: 'participant-joined', participant: parseParticipant(from['participant']) };
    case 'participant-away':
    case 'participant-back':
    case 'participant-left':
    case 'participant-removed':
    case 'participant-readmitted':
      return { kind: from['kind'], p: p() };
    case 'hand':
      return { kind: 'hand', p: p(), up: flag(from, 'up') };
    case 'stage':
      return { kind: 'stage', p: textOrNull(from, 'p'), previous: textOrNull(from, 'previous') };
    case 'mute':
      return { kind: 'mute', p: p(), muted: flag(from, 'muted'), by: oneOf(from, 'by', MUTERS) };
    case 'chat':
      return { kind: 'chat', p: p(), text: text(from, 'text'), name: text(from, 'name') };
    case 'headcount':
      return { kind: 'headcount', p: p(), count: number(from, 'count') };
    case 'media':
      return { kind: 'media', p: p(), mic: flag(from, 'mic'), camera: flag(from, 'camera'), screen: flag(from, 'screen') };
    case 'recording':
      return { kind: 'recording', on: flag(from, 'on'), reason: textOrNull(from, 'reason') ?? '' };
    case 'voice':
      return { kind: 'voice', p: p(), speaking: flag(from, 'speaking') };
    case 'link':
      return { kind: 'link', p: p(), link: oneOf(from, 'link', LINKS) };
    default:
      return null;
  }
}

export function parseEvent(value: unknown): LessonEvent | UnknownEvent {
  const from = object(value, 'event');
  const head = { t: 'event' as const, n: number(from, 'n'), at: number(from, 'at') };
  if (typeof from['kind'] !== 'string') throw new BadMessage('kind');
  const body = parseEventBody(from);
  return body === null ? { ...head, kind: 'unknown' } : { ...head, ...body };
}

function parseChat(value: unknown): ChatEvent {
  const event = parseEvent(value);
  if (event.kind !== 'chat') throw new BadMessage('chat');
  return event;
}

function parseSnapshot(value: unknown): LessonSnapshot {
  const from = object(value, 'state');
  return {
    participants: list(from, 'participants').map(parseParticipant),
    removed: list(from, 'removed').map(parseParticipant),
    stage: textOrNull(from, 'stage'),
    recording: flag(from, 'recording'),
    chat: list(from, 'chat').map(parseChat),
    encoder: flag(from, 'encoder'),
  };
}

/** Also of GET /api/v1/ice-servers. */
export function parseIceServers(from: Json): IceServer[] {
  return list(from, 'iceServers').map((value) => {
    const server = object(value, 'iceServers');
    const urls = list(server, 'urls').map((url) => {
      if (typeof url !== 'string') throw new BadMessage('urls');
      return url;
    });
    return { urls, username: text(server, 'username'), credential: text(server, 'credential') };
  });
}

function parseWelcome(from: Json): Welcome {
  const resumed = flag(from, 'resumed');
  const hasState = from['state'] !== undefined && from['state'] !== null;
  if (!hasState && !resumed) throw new BadMessage('state');
  return {
    t: 'welcome',
    id: number(from, 'id'),
    v: number(from, 'v'),
    you: text(from, 'you'),
    role: oneOf(from, 'role', ROLES),
    seat: text(from, 'seat'),
    resumed,
    at: number(from, 'at'),
    lesson: parseLesson(from['lesson']),
    state: hasState ? parseSnapshot(from['state']) : null,
    last: number(from, 'last'),
    iceServers: parseIceServers(from),
  };
}

function record<T>(from: Json, key: string, each: (value: unknown) => T): Record<string, T> {
  const out: Record<string, T> = {};
  for (const [name, value] of Object.entries(object(from[key], key))) out[name] = each(value);
  return out;
}

function parseFeed(value: unknown): SlotFeed | null {
  if (value === null) return null;
  const from = object(value, 'map');
  return { p: text(from, 'p'), source: text(from, 'source') };
}

function parseLink(value: unknown): LinkFigures {
  const from = object(value, 'links');
  return {
    rtt: number(from, 'rtt'),
    lossUp: number(from, 'lossUp'),
    lossDown: number(from, 'lossDown'),
    kbpsUp: number(from, 'kbpsUp'),
    kbpsDown: number(from, 'kbpsDown'),
  };
}

function parseLevel(value: unknown): number {
  if (typeof value !== 'number') throw new BadMessage('levels');
  return value;
}

function parseUndecodable(value: unknown): UndecodableSlot {
  return { codec: text(object(value, 'slots'), 'codec') };
}

function parseRate(value: unknown): number {
  if (typeof value !== 'number') throw new BadMessage('sources');
  return value;
}

function parseCode(from: Json): ErrorCode {
  // A code that this page does not know is an internal error to it: the message still says what happened.
  return CODES.find((c) => c === from['code']) ?? 'internal';
}

/** @throws BadMessage naming the first field that is not as the protocol says. */
export function parseServerMessage(raw: string): ServerMessage | UnknownEvent {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    throw new BadMessage('json');
  }
  const from = object(value, 'message');
  switch (from['t']) {
    case 'welcome':
      return parseWelcome(from);
    case 'ok':
      return { t: 'ok', id: number(from, 'id') };
    case 'error':
      return {
        t: 'error',
        id: typeof from['id'] === 'number' ? from['id'] : null,
        code: parseCode(from),
        message: text(from, 'message'),
      };
    case 'answer':
      return { t: 'answer', id: number(from, 'id'), sdp: text(from, 'sdp') };
    case 'pong':
      return { t: 'pong', id: number(from, 'id'), at: number(from, 'at') };
    case 'event':
      return parseEvent(from);
    case 'slots':
      return { t: 'slots', map: record(from, 'map', parseFeed) satisfies SlotMap };
    case 'levels':
      return { t: 'levels', levels: record(from, 'levels', parseLevel) };
    case 'links':
      return { t: 'links', links: record(from, 'links', parseLink) };
    case 'observers':
      return { t: 'observers', count: number(from, 'count') };
    case 'relief':
      return { t: 'relief', step: text(from, 'step') };
    case 'undecodable':
      return { t: 'undecodable', slots: record(from, 'slots', parseUndecodable) };
    case 'over-rate':
      return { t: 'over-rate', sources: record(from, 'sources', parseRate) };
    case 'sources':
      return { t: 'sources', sources: list(from, 'sources').map((one) => parseSource(object(one, 'sources'))) };
    default:
      throw new BadMessage('t');
  }
}
