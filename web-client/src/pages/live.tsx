// The lesson for a large audience: one picture, one sound, a few seconds behind. Nothing is sent, and nobody is asked
// for a device.
import { useCallback, useEffect, useRef, useState } from 'react';
import { useT } from '../i18n';
import { getLesson } from '../lib/api';
import { useLoad } from '../lib/load';
import { useStore } from '../lib/store';
import { LiveStream, type LiveView } from '../player/live_stream';
import type { PageProps } from '../lib/navigate';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { useTheme } from '../ui/theme';
import { Top } from '../ui/top';
import './live.css';

export default function Live({ id }: PageProps) {
  useTheme('light');
  const [loaded] = useLoad(useCallback(() => getLesson(id), [id]));
  const element = useRef<HTMLVideoElement>(null);
  const [stream, setStream] = useState<LiveStream | null>(null);
  useEffect(() => {
    if (element.current === null) return undefined;
    const made = new LiveStream(id, element.current);
    setStream(made);
    return () => made.close();
  }, [id]);
  const topic = loaded.state === 'ready' ? loaded.value.topic : '';
  return (
    <div className="live-page" data-testid="live">
      <Top />
      <main className="live-main">
        <h1>{topic}</h1>
        <div className="live-picture">
          <video ref={element} playsInline autoPlay controls data-testid="live-video" aria-label={topic} />
        </div>
        {stream !== null && <Bar stream={stream} element={element.current} />}
      </main>
    </div>
  );
}

function Bar({ stream, element }: { stream: LiveStream; element: HTMLVideoElement | null }) {
  const t = useT();
  const view = useStore(stream.view);
  return (
    <div className="live-bar">
      <span role="status" data-testid="live-state">{t(`live.${view.state}`)}</span>
      {view.state === 'playing' && view.behind !== null && (
        <span data-testid="live-behind" data-seconds={view.behind}><Badge>{t('live.behind', { seconds: Math.round(view.behind) })}</Badge></span>
      )}
      <span className="spring" />
      {view.fellBack && <span className="quiet">{t('live.fellBack')}</span>}
      {element?.paused === true && view.state !== 'playing' && (
        <Button kind="primary" onClick={() => void element.play()}>{t('live.play')}</Button>
      )}
      <SoundButton stream={stream} view={view} />
    </div>
  );
}

function SoundButton({ stream, view }: { stream: LiveStream; view: LiveView }) {
  const t = useT();
  return (
    <Button on={view.soundOnly} data-testid="sound-only" onClick={() => stream.listenOnly(!view.soundOnly)}>
      {t(view.soundOnly ? 'live.withPicture' : 'live.soundOnly')}
    </Button>
  );
}
