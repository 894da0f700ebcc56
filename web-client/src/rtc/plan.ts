// What a page may ever send and receive on its one connection. Pure.
import { WALL_SLOTS, type OfferSection, type Role, type SectionUse, type SlotName } from '../protocol/messages';

export type PublishUse = Exclude<SectionUse, 'slot'>;

export interface ConnectionPlan {
  publish: PublishUse[];
  slots: SlotName[];
}

const WALL: SlotName[] = Array.from({ length: WALL_SLOTS }, (_, i) => `wall-${i}` as const);
const OTHER_VOICES: SlotName[] = ['voice-stage', 'voice-0', 'voice-1'];

export function planFor(role: Role): ConnectionPlan {
  switch (role) {
    case 'teacher':
      // `teacher` and `screen` show what an encoder sends in the teacher's name; its voice would be an echo.
      return {
        publish: ['microphone', 'camera', 'screen', 'screen-audio'],
        slots: [...OTHER_VOICES, 'teacher', 'screen', 'board', 'stage', ...WALL],
      };
    case 'class':
      return {
        publish: ['microphone', 'camera'],
        slots: ['voice-teacher', ...OTHER_VOICES, 'sound-screen', 'teacher', 'screen', 'board', 'stage'],
      };
    case 'observer':
      return {
        publish: [],
        slots: ['voice-teacher', ...OTHER_VOICES, 'sound-screen', 'teacher', 'screen', 'board', 'stage', ...WALL],
      };
  }
}

export function isAudioSlot(slot: SlotName): boolean {
  return slot.startsWith('voice-') || slot.startsWith('sound-');
}

export function isAudioUse(use: PublishUse): boolean {
  return use === 'microphone' || use === 'screen-audio';
}

/** Sections in the order of the connection's transceivers; `mids` in the same order. */
export function sections(plan: ConnectionPlan, mids: readonly (string | null)[]): OfferSection[] {
  const uses: Omit<OfferSection, 'mid'>[] = [
    ...plan.publish.map((use) => ({ use })),
    ...plan.slots.map((slot) => ({ use: 'slot' as const, slot })),
  ];
  return uses.map((use, i) => {
    const mid = mids[i];
    if (mid === null || mid === undefined) throw new Error(`section ${i} has no mid`);
    return { mid, ...use };
  });
}

export interface CodecLike {
  mimeType: string;
  sdpFmtpLine?: string;
}

const VIDEO_ORDER = ['video/vp8', 'video/vp9', 'video/h264'];

function isWanted(codec: CodecLike): boolean {
  const mime = codec.mimeType.toLowerCase();
  const fmtp = codec.sdpFmtpLine ?? '';
  // One profile each keeps an offer of seventeen video sections within the protocol's 64 KiB.
  if (mime === 'video/vp9') return fmtp === '' || fmtp.includes('profile-id=0');
  if (mime === 'video/h264') return fmtp.includes('packetization-mode=1') && fmtp.includes('profile-level-id=42e0');
  return mime === 'video/vp8' || mime === 'video/rtx' || mime === 'audio/opus';
}

/** VP8 first (simulcast layers and recording work best with it), then what else the server forwards; nothing more. */
export function preferredCodecs<T extends CodecLike>(available: readonly T[]): T[] {
  const rank = (codec: T) => {
    const at = VIDEO_ORDER.indexOf(codec.mimeType.toLowerCase());
    return at < 0 ? VIDEO_ORDER.length : at;
  };
  return available.filter(isWanted).sort((a, b) => rank(a) - rank(b));
}

// Lowest first, as the protocol's layers are counted: 180, 360 and 720 lines of a 720p camera.
export const CAMERA_ENCODINGS: RTCRtpEncodingParameters[] = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000, maxFramerate: 15 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];
// Text must stay sharp: few pictures a second, all of the screen's points.
export const SCREEN_ENCODINGS: RTCRtpEncodingParameters[] = [{ maxBitrate: 1_500_000, maxFramerate: 15 }];
export const VOICE_ENCODINGS: RTCRtpEncodingParameters[] = [{ maxBitrate: 32_000, priority: 'high', networkPriority: 'high' }];
export const SOUND_ENCODINGS: RTCRtpEncodingParameters[] = [{ maxBitrate: 96_000 }];
