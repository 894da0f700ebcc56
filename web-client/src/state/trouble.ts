// Why a picture is not seen although it comes, and why one that is sent from here is cut (PROTOCOL.md, `undecodable` and
// `over-rate`). Pure.
import type { UndecodableSlot } from '../protocol/messages';

const CODEC_NAMES: Record<string, string> = { vp8: 'VP8', vp9: 'VP9', h264: 'H.264', av1: 'AV1' };

/** The name people know the coding by; null when the slot's picture can be decoded. */
export function undecodableAs(slots: Record<string, UndecodableSlot>, slot: string): string | null {
  const found = slots[slot];
  return found === undefined ? null : CODEC_NAMES[found.codec] ?? found.codec.toUpperCase();
}

/** The agreed kbit/s of the source that is cut; of several the first by name. */
export function cutSource(sources: Record<string, number>): { source: string; kbps: number } | null {
  const [first] = Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1));
  return first === undefined ? null : { source: first[0], kbps: first[1] };
}
