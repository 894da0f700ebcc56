import { useEffect, useState } from 'react';
import { useT, type Translate } from '../i18n';
import { useStore } from '../lib/store';
import type { Room } from '../rtc/room';
import type { ClosedReason } from '../signaling/session';
import { linkWords, type LinkWords } from '../state/link';

export function sayLink(t: Translate, words: LinkWords): string {
  switch (words.kind) {
    case 'connecting':
      return t('link.connecting');
    case 'connected':
      return t('link.connected');
    case 'weak':
      return t('link.weak');
    case 'media-restarting':
      return t('link.mediaRestarting');
    case 'reconnecting':
      return t('link.reconnecting', { seconds: words.seconds });
    case 'removed':
      return t('link.removed');
    case 'closed':
      return t(`link.closed.${words.reason as ClosedReason}`);
  }
}

/** The page's own line in words, counting the seconds of an outage. */
export function useLinkWords(room: Room): LinkWords {
  const session = useStore(room.status);
  const media = useStore(room.media);
  const quality = useStore(room.quality);
  const [now, setNow] = useState(() => performance.now());
  const counts = session.kind === 'waiting';
  useEffect(() => {
    if (!counts) return undefined;
    setNow(performance.now());
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, [counts]);
  return linkWords({ session, media, quality, now });
}

export function LinkBadge({ words }: { words: LinkWords }) {
  const t = useT();
  return (
    <span className="link-words" data-state={words.kind} data-testid="connection-state" role="status">
      <span className="dot" />
      {sayLink(t, words)}
    </span>
  );
}
