// What the three lesson pages share: the way in, the room behind it, and what is said when it is over.
import { useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import { useT } from '../i18n';
import { getLesson } from '../lib/api';
import { expose } from '../lib/debug';
import { useLoad } from '../lib/load';
import { sayError } from '../lib/say_error';
import { useStore } from '../lib/store';
import type { Role } from '../protocol/messages';
import { Room } from '../rtc/room';
import { go } from '../lib/navigate';
import { hasStream } from '../player/stream_address';
import type { ClosedReason } from '../signaling/session';
import type { LessonState } from '../state/lesson';
import type { LessonEntry } from '../state/lessons';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { Notice } from '../ui/notice';
import { Sound } from '../ui/sound';
import { Brand, LanguageButton } from '../ui/top';
import './lesson_gate.css';

interface GateProps {
  lesson: string;
  role: Role;
  /** Shown on the way in, for example the headcount. */
  extra?: ReactNode;
  /** Called with the new room, within the click that opened it. */
  onJoin?: (room: Room) => void;
  children: (room: Room, state: LessonState) => ReactNode;
}

const joinedKey = (lesson: string) => `tongke.joined.${lesson}`;

function useRoom(lesson: string, role: Role, isJoined: boolean, onJoin?: (room: Room) => void): [Room | null, () => void] {
  const [room, setRoom] = useState<Room | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!isJoined) return undefined;
    const made = new Room(lesson, role);
    const hide = expose({
      peers: () => [made.peer.connection()].filter((pc) => pc !== null),
      restartIce: () => made.peer.restartIce(),
      state: () => ({ lesson: made.lesson.get(), status: made.status.get(), media: made.media.get(), slots: made.slots.get(), quality: made.quality.get() }),
    });
    setRoom(made);
    onJoin?.(made);
    made.start();
    return () => {
      hide();
      made.leave();
    };
    // A page keeps its room while it is open: `onJoin` belongs to the moment of joining only.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [lesson, role, isJoined, round]);
  return [room, useCallback(() => setRound((n) => n + 1), [])];
}

export function LessonGate(props: GateProps) {
  const t = useT();
  const { lesson, role } = props;
  const [loaded, reload] = useLoad(useCallback(() => getLesson(lesson), [lesson]));
  // A reload in the middle of the lesson lands in the lesson.
  const [isJoined, setJoined] = useState(() => sessionStorage.getItem(joinedKey(lesson)) !== null);
  const [room, again] = useRoom(lesson, role, isJoined, props.onJoin);
  const join = () => {
    sessionStorage.setItem(joinedKey(lesson), '1');
    setJoined(true);
  };
  if (room !== null) return <InRoom {...props} room={room} again={again} />;
  if (loaded.state === 'failed') {
    return <Notice title={t(sayError(loaded.error.code))} action={<Button kind="primary" onClick={reload}>{t('app.retry')}</Button>} />;
  }
  if (loaded.state === 'loading') return <Notice title={t('app.loading')} />;
  if (loaded.value.state === 'ended') return <Ended lesson={lesson} />;
  return <Doorway entry={loaded.value} role={role} extra={props.extra} onJoin={join} />;
}

function Doorway({ entry, role, extra, onJoin }: { entry: LessonEntry; role: Role; extra: ReactNode; onJoin: () => void }) {
  const t = useT();
  return (
    <div className="doorway">
      <div className="doorway-top"><Brand /><LanguageButton /></div>
      <main>
        <p className="quiet">{[entry.subject, entry.grade].filter(Boolean).join(' · ')}</p>
        <h1>{t('join.title', { topic: entry.topic })}</h1>
        <p>{[entry.school, entry.teacher].filter(Boolean).join(' ')}</p>
        {entry.state === 'live' ? <Badge kind="live" dot>{t('today.live')}</Badge> : <Badge>{t('today.state.scheduled')}</Badge>}
        {extra}
        <Button kind="primary" size="big" autoFocus data-testid="join-button" onClick={onJoin}>{t(`join.${role}`)}</Button>
        <p className="quiet">{t(role === 'observer' ? 'join.hintObserve' : 'join.hint')}</p>
        {role === 'observer' && entry.state === 'live' && hasStream(entry.kind) && (
          <Button data-testid="door-stream" onClick={() => go(`/live/${encodeURIComponent(entry.id)}`)}>{t('observe.stream')}</Button>
        )}
        <Button kind="bare" onClick={() => go('/check')}>{t('app.check')}</Button>
      </main>
    </div>
  );
}

function InRoom({ room, again, lesson, children }: GateProps & { room: Room; again: () => void }) {
  const t = useT();
  const state = useStore(room.lesson);
  const status = useStore(room.status);
  const streams = useStore(room.streams);
  const isOver = state?.lesson.state === 'ended' || (status.kind === 'closed' && status.reason === 'ended');
  if (isOver) return <Ended lesson={lesson} />;
  if (status.kind === 'closed') return <Closed reason={status.reason} again={again} />;
  if (state === null) {
    return <Notice title={t(status.kind === 'waiting' ? 'error.unreachable' : 'join.preparing')} testId="joining" />;
  }
  return (
    <>
      {children(room, state)}
      <Sound streams={streams} />
    </>
  );
}

function Ended({ lesson }: { lesson: string }) {
  const t = useT();
  useEffect(() => {
    sessionStorage.removeItem(joinedKey(lesson));
  }, [lesson]);
  const actions = (
    <div className="notice-actions">
      <Button kind="primary" size="big" onClick={() => go(`/library/${encodeURIComponent(lesson)}`)}>{t('lesson.watch')}</Button>
      <Button size="big" onClick={() => go('/')}>{t('app.back')}</Button>
    </div>
  );
  return <Notice title={t('lesson.ended')} hint={t('lesson.endedHint')} testId="lesson-ended" action={actions} />;
}

function Closed({ reason, again }: { reason: ClosedReason; again: () => void }) {
  const t = useT();
  const title = t(`link.closed.${reason}`);
  const button = (words: string, act: () => void) => <Button kind="primary" size="big" onClick={act}>{words}</Button>;
  switch (reason) {
    case 'taken-over':
      return <Notice title={title} action={button(t('link.here'), again)} testId="lesson-closed" />;
    case 'removed':
      return <Notice title={title} action={button(t('link.tryAgain'), again)} testId="lesson-closed" />;
    case 'version':
      return <Notice title={title} action={button(t('link.reload'), () => window.location.reload())} testId="lesson-closed" />;
    case 'signed-out':
      return <Notice title={title} action={button(t('signIn.submit'), () => go(`/sign-in?to=${encodeURIComponent(window.location.pathname)}`))} testId="lesson-closed" />;
    case 'ended':
    case 'forbidden':
    case 'left':
      return <Notice title={title} action={button(t('app.back'), () => go('/'))} testId="lesson-closed" />;
  }
}

/** The track as a stream for a picture element; the same stream as long as the track is the same. */
export function useTrackStream(track: MediaStreamTrack | null): MediaStream | null {
  return useMemo(() => (track === null ? null : new MediaStream([track])), [track]);
}
