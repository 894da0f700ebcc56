import { useEffect, useRef, useState } from 'react';
import { useT } from '../i18n';
import type { SlotName } from '../protocol/messages';
import { isAudioSlot } from '../rtc/plan';
import type { SlotStreams } from '../rtc/peer';
import { Button } from './button';
import { Icon } from './icons';

function Voice({ slot, stream, attempt, onBlocked }: { slot: SlotName; stream: MediaStream; attempt: number; onBlocked: () => void }) {
  const ref = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    if (element.srcObject !== stream) element.srcObject = stream;
    element.play().catch((error: unknown) => {
      if (error instanceof Error && error.name === 'NotAllowedError') onBlocked();
    });
  }, [stream, attempt, onBlocked]);
  return <audio ref={ref} autoPlay data-slot={slot} />;
}

/** Plays every voice of the lesson. When the browser wants a click first, one large button asks for it. */
export function Sound({ streams }: { streams: SlotStreams }) {
  const t = useT();
  const [isBlocked, setBlocked] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const onBlocked = useRef(() => setBlocked(true)).current;
  const voices = [...streams].filter(([slot]) => isAudioSlot(slot));
  const again = () => {
    setBlocked(false);
    setAttempt((n) => n + 1);
  };
  return (
    <>
      {voices.map(([slot, stream]) => <Voice key={slot} slot={slot} stream={stream} attempt={attempt} onBlocked={onBlocked} />)}
      {isBlocked && (
        <div className="sound-blocked">
          <Button kind="primary" size="big" onClick={again} data-testid="sound-unblock"><Icon name="sound" size={32} />{t('sound.blocked')}</Button>
        </div>
      )}
    </>
  );
}
