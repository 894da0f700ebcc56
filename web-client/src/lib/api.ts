// The HTTP side: who am I, what lessons, what recordings. Same origin only; the cookie is the credential.
import { parseEvent, parseIceServers, type UnknownEvent } from '../protocol/guards';
import type { LessonEvent, Role, SourceKind, SourceRole } from '../protocol/messages';
import type { LessonEntry } from '../state/lessons';

export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when the server was not reached. */
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
  } catch {
    throw new ApiError(0, 'unreachable', 'the server was not reached');
  }
  const text = await answer.text();
  let value: unknown = null;
  try {
    value = text === '' ? null : JSON.parse(text);
  } catch {
    throw new ApiError(answer.status, 'bad-json', 'the answer was not JSON');
  }
  if (!answer.ok) {
    const error = (value as { error?: { code?: string; message?: string } } | null)?.error;
    throw new ApiError(answer.status, error?.code ?? 'internal', error?.message ?? answer.statusText);
  }
  return value as T;
}

export interface Me {
  name: string;
  role: 'person' | Role;
  personId: string;
  classId: string;
  /** For links to one lesson; empty otherwise. */
  lesson: string;
  collectives: { id: string; name: string; roles: string[] }[];
}

export interface RecordingEntry {
  lesson: LessonEntry;
  durationUs: number;
  segments: number;
}

export interface Segment {
  id: string;
  url: string;
  codec: string;
  startUs: number;
  endUs: number;
}

export interface Track {
  participant: string;
  name: string;
  role: Role;
  source: 'microphone' | 'camera' | 'screen' | 'screen-audio' | 'board';
  segments: Segment[];
}

export interface Recording {
  lesson: LessonEntry;
  durationUs: number;
  tracks: Track[];
  events: LessonEvent[];
}

export const signIn = (login: string, password: string) => call<Me>('POST', '/session', { login, password });
export const exchangeToken = (token: string) => call<Me>('POST', '/session', { token });
export const whoAmI = () => call<Me>('GET', '/session');
export const signOut = () => call<null>('DELETE', '/session');
/** TURN servers with credentials that run out; empty when there are none. */
export const iceServers = async () => parseIceServers(await call<Record<string, unknown>>('GET', '/ice-servers'));
export const listLessons = async () => (await call<{ lessons: LessonEntry[] }>('GET', '/lessons')).lessons;
export const getLesson = (id: string) => call<LessonEntry>('GET', `/lessons/${encodeURIComponent(id)}`);
export const listRecordings = async () => (await call<{ recordings: RecordingEntry[] }>('GET', '/recordings')).recordings;

export async function getRecording(id: string): Promise<Recording> {
  const raw = await call<Omit<Recording, 'events'> & { events: unknown[] }>('GET', `/recordings/${encodeURIComponent(id)}`);
  const events = raw.events
    .map((event): LessonEvent | UnknownEvent => parseEvent(event))
    .filter((event): event is LessonEvent => event.kind !== 'unknown');
  return { ...raw, events };
}

/** False only when the server says so; a server that is not reached says nothing. */
export async function isSignedIn(): Promise<boolean> {
  try {
    await whoAmI();
    return true;
  } catch (error) {
    return !(error instanceof ApiError && error.status === 401);
  }
}

export interface NewSource {
  name: string;
  role: SourceRole;
  kind: SourceKind;
  /** With user name, password or passphrase in it; never shown again. Not for `rtmp-push`. */
  url?: string;
}

/** TCP ports that encoders push to; 0: not taken. */
export interface PushPorts {
  rtmpPort: number;
  rtmpsPort: number;
}

const sourcesOf = (lesson: string) => `/lessons/${encodeURIComponent(lesson)}/sources`;
const sourceOf = (lesson: string, source: string) => `${sourcesOf(lesson)}/${encodeURIComponent(source)}`;

/** How each one does comes over the lesson's session. */
export const pushPorts = async (lesson: string) => (await call<{ push: PushPorts }>('GET', sourcesOf(lesson))).push;
/** `streamKey` with `rtmp-push`: shown this once. */
export const addSource = (lesson: string, source: NewSource) => call<{ id: string; streamKey?: string }>('POST', sourcesOf(lesson), source);
export const switchSource = (lesson: string, source: string, enabled: boolean) => call<unknown>('PATCH', sourceOf(lesson, source), { enabled });
export const removeSource = (lesson: string, source: string) => call<null>('DELETE', sourceOf(lesson, source));

/** Where a lesson's HLS stream is, for the next few minutes. Times in microseconds, the server's. */
export interface StreamAddress {
  url: string;
  pictureUrl: string;
  soundUrl: string;
  expiresAt: number;
  serverTime: number;
}

export async function openStream(lesson: string): Promise<StreamAddress> {
  return call('POST', `/lessons/${encodeURIComponent(lesson)}/stream`);
}
