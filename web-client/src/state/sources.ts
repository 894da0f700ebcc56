// What a teacher reads of a recorder or encoder, and what is typed to add one. Pure.
import type { MessageKey } from '../i18n';
import type { NewSource, PushPorts } from '../lib/api';
import type { SlotMap, SourceKind, SourceRole, SourceStatus, VideoSlot } from '../protocol/messages';

export const SOURCE_ROLES: SourceRole[] = ['teacher-camera', 'board', 'courseware', 'other'];
export const SOURCE_KINDS: SourceKind[] = ['rtmp-push', 'rtsp', 'srt', 'rtmp'];

const REASONS = [
  'unreachable', 'unauthorized', 'not-found', 'not-media', 'codec', 'stalled', 'ended', 'not-allowed', 'refused', 'role-taken', 'no-room',
] as const;

/** Why it is not live; null when its state says enough. */
export function reasonKey(status: SourceStatus): MessageKey | null {
  if (status.reason === '') return null;
  const known = REASONS.find((reason) => reason === status.reason);
  return `sources.reason.${known ?? 'broken'}`;
}

/** The slot of the teacher's own page in which its picture stands, while there is one. */
export function previewSlot(status: SourceStatus, slots: SlotMap): VideoSlot | null {
  if (status.state !== 'live') return null;
  const slot = slotOf(status.role);
  return slots[slot] ? slot : null;
}

function slotOf(role: SourceRole): VideoSlot {
  if (role === 'courseware') return 'screen';
  return role === 'teacher-camera' ? 'teacher' : 'board';
}

/** What is typed into an encoder as its server; over TLS where this server takes it. Null: it takes none. */
export function pushAddress(host: string, lesson: string, ports: PushPorts): string | null {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  if (ports.rtmpsPort > 0) return `rtmps://${name}:${ports.rtmpsPort}/${lesson}`;
  return ports.rtmpPort > 0 ? `rtmp://${name}:${ports.rtmpPort}/${lesson}` : null;
}

const SCHEMES: Record<Exclude<SourceKind, 'rtmp-push'>, string[]> = {
  rtsp: ['rtsp://', 'rtsps://'],
  'rtsp-udp': ['rtsp://'],
  srt: ['srt://'],
  rtmp: ['rtmp://', 'rtmps://'],
};

export type Problem = 'name' | 'url';

/** What the server would refuse at sight. */
export function problemOf(source: NewSource): Problem | null {
  if (source.name.trim() === '') return 'name';
  if (source.kind === 'rtmp-push') return null;
  const url = (source.url ?? '').trim().toLowerCase();
  return SCHEMES[source.kind].some((scheme) => url.startsWith(scheme) && url.length > scheme.length) ? null : 'url';
}

/** How many need looking after: the number on the panel's button. */
export function troubled(all: SourceStatus[]): number {
  return all.filter((one) => one.state === 'retrying' || one.reason === 'no-room').length;
}
