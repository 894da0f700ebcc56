// What the page says about its own line, in words. One place, so that every page says the same.
import type { QualityReport } from '../protocol/messages';
import type { SessionStatus } from '../signaling/session';

export type MediaLink = 'idle' | 'connecting' | 'connected' | 'restarting';

export type LinkWords =
  | { kind: 'connecting' }
  | { kind: 'connected' }
  | { kind: 'weak' }
  | { kind: 'media-restarting' }
  | { kind: 'reconnecting'; seconds: number }
  | { kind: 'removed' }
  | { kind: 'closed'; reason: string };

export interface LinkInputs {
  session: SessionStatus;
  media: MediaLink;
  quality: QualityReport | null;
  /** Clock milliseconds, the same clock as the session's. */
  now: number;
}

// Voice is still whole at these figures (Opus with in-band correction); the picture is not. Below them nothing is said.
export const WEAK_LOSS = 0.05;
export const WEAK_RTT_MS = 600;
// A share of the two-second report within which the main picture stood still.
export const WEAK_FROZEN_MS = 700;

export function isWeak(quality: QualityReport | null): boolean {
  if (quality === null) return false;
  return (
    quality.lossDown >= WEAK_LOSS ||
    quality.lossUp >= WEAK_LOSS ||
    quality.rtt >= WEAK_RTT_MS ||
    quality.frozen >= WEAK_FROZEN_MS
  );
}

export function linkWords({ session, media, quality, now }: LinkInputs): LinkWords {
  switch (session.kind) {
    case 'closed':
      return { kind: 'closed', reason: session.reason };
    case 'waiting':
      if (session.removed) return { kind: 'removed' };
      return { kind: 'reconnecting', seconds: Math.max(0, Math.floor((now - session.since) / 1000)) };
    case 'connecting':
      return { kind: 'connecting' };
    case 'open':
      if (media === 'restarting') return { kind: 'media-restarting' };
      if (media === 'connecting') return { kind: 'connecting' };
      return isWeak(quality) ? { kind: 'weak' } : { kind: 'connected' };
  }
}

export type VoiceWords = 'heard' | 'muted' | 'muted-by-teacher' | 'not-called' | 'no-microphone';

/** The class's own microphone as the room must read it: it is heard only on the stage, and only unmuted. */
export function voiceWords(me: { onStage: boolean; muted: boolean; mic: boolean }, mutedHere: boolean): VoiceWords {
  if (!me.mic) return 'no-microphone';
  if (mutedHere) return 'muted';
  if (me.muted) return 'muted-by-teacher';
  return me.onStage ? 'heard' : 'not-called';
}
