// The lesson for a large audience: one picture, one sound, a few seconds behind. Nothing is sent, and nobody is asked
// for a device.
import { useCallback, useEffect, useRef, useState } from 'react';
import { useT, type MessageKey } from '../i18n';
import { getLesson } from '../lib/api';
import { useLoad } from '../lib/load';
import { go, type PageProps } from '../lib/navigate';
import { useStore } from '../lib/store';
import { LiveStream, type LiveView } from '../player/live_stream';
import { isTooFarBehind } from '../player/stream_address';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { Icon } from '../ui/icons';
import { useTheme } from '../ui/theme';
import { Top } from '../ui/top';
import './live.css';

export default function Live({ id }: PageProps) {
  const t = useT();
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
  const lesson = loaded.state === 'ready' ? loaded.value : null;
  return (
    <div className="live-page" data-testid="live">
      <Top><Button kind="bare" data-testid="to-lesson" onClick={() => go(`/lesson/${encodeURIComponent(id)}/observe`)}>{t('live.toLesson')}</Button></Top>
      <main className="live-main">
        <header className="live-head">
          <h1>{lesson?.topic ?? ''}</h1>
          <span className="quiet">{[lesson?.school, lesson?.teacher].filter(Boolean).join(' ')}</span>
        </header>
        <div className="live-picture">
          <video ref={element} playsInline autoPlay data-testid="live-video" aria-label={lesson?.topic ?? ''} onClick={() => stream?.toggle()} />
          {stream !== null && <Over stream={stream} lesson={id} />}
        </div>
        {stream !== null && <Bar stream={stream} />}
      </main>
    </div>
  );
}

const HINTS: Partial<Record<LiveView['state'], MessageKey>> = { forbidden: 'live.forbiddenHint' };

/** What stands over the picture while there is none, and the one thing to do about it. */
function Over({ stream, lesson }: { stream: LiveStream; lesson: string }) {
  const t = useT();
  const view = useStore(stream.view);
  if (view.needsClick) {
    return <div className="live-over"><Button kind="primary" size="big" data-testid="live-play" onClick={() => stream.start()}>{t('live.play')}</Button></div>;
  }
  if (view.state === 'paused') {
    return <div className="live-over clear"><Button kind="primary" size="big" data-testid="live-resume" onClick={() => stream.start()}>{t('live.play')}</Button></div>;
  }
  if (view.state === 'playing') {
    return view.soundOnly ? <div className="live-over sound"><Icon name="sound" /><p>{t(view.fellBack ? 'live.fellBack' : 'live.onlySound')}</p></div> : null;
  }
  const hint = HINTS[view.state];
  return (
    <div className={view.state === 'waiting' ? 'live-over clear' : 'live-over'}>
      <p>{t(`live.${view.state}`)}</p>
      {hint !== undefined && <p className="hint">{t(hint)}</p>}
      {view.state === 'ended' && <Button kind="primary" size="big" data-testid="live-replay" onClick={() => go(`/library/${encodeURIComponent(lesson)}`)}>{t('lesson.watch')}</Button>}
    </div>
  );
}

function Bar({ stream }: { stream: LiveStream }) {
  const t = useT();
  const view = useStore(stream.view);
  const isOver = view.state === 'ended' || view.state === 'forbidden';
  return (
    <>
      <div className="live-bar">
        <span className="live-state" role="status" data-testid="live-state" data-state={view.state}>
          <Badge kind={view.state === 'playing' ? 'live' : view.state === 'waiting' ? 'weak' : 'plain'} dot={view.state === 'playing'}>{t(`live.${view.state}`)}</Badge>
        </span>
        {view.behind !== null && !isOver && <span className="quiet num" data-testid="live-behind" data-seconds={view.behind}>{t('live.behind', { seconds: Math.round(view.behind) })}</span>}
        <span className="spring" />
        {!isOver && (
          <>
            {view.behind !== null && isTooFarBehind(view.behind) && <Button kind="primary" onClick={() => stream.toLive()}>{t('live.toLive')}</Button>}
            <Button on={view.soundOnly} data-testid="sound-only" onClick={() => stream.listenOnly(!view.soundOnly)}>{t(view.soundOnly ? 'live.withPicture' : 'live.soundOnly')}</Button>
            <Volume stream={stream} />
            <Button onClick={() => stream.showFull()}>{t('class.fullscreen')}</Button>
          </>
        )}
      </div>
      {!isOver && <p className="quiet">{t('live.hint')}</p>}
    </>
  );
}

function Volume({ stream }: { stream: LiveStream }) {
  const t = useT();
  const [value, setValue] = useState(1);
  const change = (next: number) => {
    setValue(next);
    stream.setVolume(next);
  };
  return (
    <label className="live-volume">
      <Icon name="sound" />
      <input type="range" min={0} max={1} step={0.05} value={value} aria-label={t('live.volume')} onChange={(event) => change(Number(event.target.value))} />
    </label>
  );
}
