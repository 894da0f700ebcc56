// Keeping many media elements on one clock. Pure decisions: which file plays now, and how an element that is early or
// late gets back.
import type { Recording, Segment, Track } from '../lib/api';

// Lips and voice part company to the eye at about 80 ms; a nudge begins well before.
export const NUDGE_FROM_S = 0.03;
// Further away than a nudge of 10 % mends within some seconds.
export const SEEK_FROM_S = 0.35;
const NUDGE_MAX = 0.1;

export interface Placed {
  segment: Segment;
  /** Seconds into the segment's file. */
  offset: number;
}

/** The file of this track that plays at `us`, or null in a gap. */
export function segmentAt(track: Track, us: number): Placed | null {
  for (const segment of track.segments) {
    if (us >= segment.startUs && us < segment.endUs) return { segment, offset: (us - segment.startUs) / 1e6 };
  }
  return null;
}

/** The next file, so that its beginning is loaded before it is needed. */
export function nextSegment(track: Track, us: number): Segment | null {
  return track.segments.find((segment) => segment.startUs > us) ?? null;
}

export type Correction = { kind: 'rate'; rate: number } | { kind: 'seek' };

/** @param drift seconds that the element is ahead of the clock; negative when it is late. */
export function correction(drift: number, rate: number): Correction {
  const away = Math.abs(drift);
  if (away >= SEEK_FROM_S) return { kind: 'seek' };
  if (away < NUDGE_FROM_S) return { kind: 'rate', rate };
  const nudge = Math.min(NUDGE_MAX, Math.max(-NUDGE_MAX, drift));
  return { kind: 'rate', rate: rate * (1 - nudge) };
}

export function isSound(track: Track): boolean {
  return track.source === 'microphone' || track.source === 'screen-audio';
}

/** A recording's own length, or where its last file ends: a lesson cut short may know only the files. */
export function durationOf(recording: Recording): number {
  const ends = recording.tracks.flatMap((track) => track.segments.map((segment) => segment.endUs));
  return Math.max(recording.durationUs, 0, ...ends);
}
