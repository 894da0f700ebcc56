import { useCallback, useEffect, useRef, useState, type PointerEvent } from 'react';
import { useT } from '../i18n';
import { useKeys } from '../lib/keys';
import { sayError } from '../lib/say_error';
import { useStore } from '../lib/store';
import { HEADCOUNT_MAX } from '../protocol/messages';
import { myself, type Room } from '../rtc/room';
import type { PageProps } from '../lib/navigate';
import { find, teacherOf, type LessonState } from '../state/lesson';
import { voiceWords } from '../state/link';
import { Button } from '../ui/button';
import { Shortcuts } from '../ui/dialog';
import { Icon } from '../ui/icons';
import { sayLink, useLinkWords } from '../ui/link_words';
import { RateNote } from '../ui/rate_note';
import { ReliefNote } from '../ui/relief_note';
import { SlotVideo } from '../ui/slot_video';
import { Toasts, useToasts } from '../ui/toast';
import { useTheme } from '../ui/theme';
import { Video } from '../ui/video';
import { Headcount } from './headcount';
import { LessonGate, useTrackStream } from './lesson_gate';
import './class_screen.css';

const CONTROLS_SHOWN_MS = 5000;
const headcountKey = (lesson: string) => `tongke.headcount.${lesson}`;

export default function ClassScreen({ id }: PageProps) {
  const t = useT();
  useTheme('dark');
  const [count, setCount] = useState(() => Number(sessionStorage.getItem(headcountKey(id)) ?? 0));
  const latest = useRef(count);
  const change = (n: number) => {
    latest.current = n;
    setCount(n);
    sessionStorage.setItem(headcountKey(id), String(n));
  };
  const onJoin = useCallback((room: Room) => {
    void room.openDevices(['microphone', 'camera']);
    if (latest.current > 0) room.send({ t: 'headcount', n: latest.current });
  }, []);
  return (
    <LessonGate lesson={id} role="class" onJoin={onJoin} extra={<Headcount label={t('join.headcount')} value={count} max={HEADCOUNT_MAX} onChange={change} />}>
      {(room, state) => <Screen room={room} state={state} onHeadcount={change} />}
    </LessonGate>
  );
}

/** Controls are out of sight until a key, mouse or touch wakes them. The touch that wakes them presses nothing. */
function useAwake() {
  const [isAwake, setAwake] = useState(true);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const swallow = useRef(false);
  const wake = useCallback(() => {
    setAwake(true);
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = setTimeout(() => setAwake(false), CONTROLS_SHOWN_MS);
  }, []);
  useEffect(() => {
    wake();
    window.addEventListener('keydown', wake);
    window.addEventListener('mousemove', wake);
    return () => {
      window.removeEventListener('keydown', wake);
      window.removeEventListener('mousemove', wake);
      if (timer.current !== null) clearTimeout(timer.current);
    };
  }, [wake]);
  const onPointerDownCapture = (event: PointerEvent) => {
    swallow.current = !isAwake && event.pointerType === 'touch';
    wake();
  };
  const onClickCapture = (event: { stopPropagation(): void; preventDefault(): void }) => {
    if (!swallow.current) return;
    swallow.current = false;
    event.stopPropagation();
    event.preventDefault();
  };
  return { isAwake, handlers: { onPointerDownCapture, onClickCapture } };
}

function toggleFullscreen(): void {
  if (document.fullscreenElement === null) void document.documentElement.requestFullscreen?.().catch(() => undefined);
  else void document.exitFullscreen();
}

function useFullscreen(): boolean {
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const changed = () => setFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', changed);
    return () => document.removeEventListener('fullscreenchange', changed);
  }, []);
  return isFull;
}

function Screen({ room, state, onHeadcount }: { room: Room; state: LessonState; onHeadcount: (n: number) => void }) {
  const t = useT();
  const publishing = useStore(room.publisher.state);
  const refusal = useStore(room.refusal);
  const { isAwake, handlers } = useAwake();
  const { toasts, drop, show } = useToasts();
  const [isHelpOpen, setHelpOpen] = useState(false);
  const isFull = useFullscreen();
  const me = myself(room);
  const isHandUp = me?.hand === true;
  useEffect(() => {
    if (refusal === null) return;
    show(t(refusal.code === 'forbidden' ? 'error.mutedByTeacher' : sayError(refusal.code)));
    room.refusal.set(null);
  }, [refusal, room, show, t]);
  const toggleHand = () => room.send({ t: 'hand', up: !isHandUp });
  const toggleMute = () => room.setMuted(!room.publisher.state.get().mutedHere);
  useKeys({
    onDown: (key, event) => {
      if (key === 'h') toggleHand();
      else if (key === 'f') toggleFullscreen();
      else if (key === '?') setHelpOpen(true);
      else if (key === ' ') {
        event.preventDefault();
        toggleMute();
      }
    },
    onUp: (key) => {
      if (key === ' ') toggleMute();
    },
  });
  const saveHeadcount = (n: number) => {
    onHeadcount(n);
    room.send({ t: 'headcount', n });
  };
  return (
    <div className={`room ${isAwake ? 'awake' : 'asleep'}`} data-testid="class-screen" {...handlers}>
      <Pictures room={room} state={state} />
      <div className="room-controls">
        <Button kind="primary" className="hand" on={isHandUp} data-testid="raise-hand" onClick={toggleHand}>
          <Icon name="hand" size="1.2em" />{t(isHandUp ? 'class.handDown' : 'class.hand')}
        </Button>
        <Button on={publishing.mutedHere} disabled={publishing.microphone === null} data-testid="mute-self" onClick={toggleMute}>
          <Icon name={publishing.mutedHere ? 'micOff' : 'mic'} size="1.2em" />{t(publishing.mutedHere ? 'class.unmute' : 'class.mute')}
        </Button>
        <Button data-testid="fullscreen" onClick={toggleFullscreen}><Icon name="full" size="1.2em" />{t(isFull ? 'class.exitFullscreen' : 'class.fullscreen')}</Button>
        <Headcount label={t('class.headcount')} value={me?.headcount ?? 0} max={HEADCOUNT_MAX} onChange={saveHeadcount} />
      </div>
      <Strip room={room} />
      <Toasts toasts={toasts} onDone={drop} />
      {isHelpOpen && (
        <Shortcuts onClose={() => setHelpOpen(false)}
          keys={[['H', t('keys.h')], [t('teach.spaceKey'), t('keys.space')], ['F', t('keys.f')], ['?', t('keys.question')]]} />
      )}
    </div>
  );
}

/** One calm line at the bottom, only when there is something to say about the line. */
function Strip({ room }: { room: Room }) {
  const t = useT();
  const words = useLinkWords(room);
  const isQuiet = words.kind === 'connected';
  return (
    <>
      <p className={isQuiet ? 'hidden-text' : 'strip'} data-testid="connection-state" data-state={words.kind} role="status">{sayLink(t, words)}</p>
      {isQuiet && <ReliefNote room={room} hasWall={false} className="strip" />}
      {isQuiet && <RateNote room={room} className="strip" />}
    </>
  );
}

function Pictures({ room, state }: { room: Room; state: LessonState }) {
  const t = useT();
  const slots = useStore(room.slots);
  const publishing = useStore(room.publisher.state);
  const own = useTrackStream(publishing.cameraOff ? null : publishing.camera);
  const me = myself(room);
  const isCalled = me?.onStage === true;
  const on = isCalled ? undefined : find(state, state.stage);
  const showsScreen = Boolean(slots['screen']);
  const showsBoard = Boolean(slots['board']);
  const showsTeacher = Boolean(slots['teacher']);
  const teacherName = teacherOf(state)?.name ?? state.lesson.teacher;
  const voice = voiceWords({ onStage: isCalled, muted: me?.muted === true && me.mutedBy !== 'self', mic: publishing.microphone !== null }, publishing.mutedHere || me?.mutedBy === 'self');
  const teacher = <SlotVideo room={room} slot="teacher" label={teacherName} testId="teacher-video" />;
  const waiting = t(state.lesson.state === 'live' ? 'class.noTeacher' : 'lesson.waiting');
  const board = <SlotVideo room={room} slot="board" label={t('sources.role.board')} testId="board-video" />;
  // What is taught from fills the screen: the courseware, else the board; the teacher stands beside it.
  const showsMatter = showsScreen || showsBoard;
  const layout = showsMatter || on !== undefined || isCalled ? 'with-side' : 'alone';
  return (
    <div className={`room-pictures ${layout}`}>
      <div className="room-main">
        {showsScreen
          ? <SlotVideo room={room} slot="screen" label={t('teach.sharing')} testId="screen-video" />
          : showsBoard ? board : showsTeacher ? teacher : <p className="room-waiting"><span>{state.lesson.topic}</span><span>{waiting}</span></p>}
      </div>
      <div className="room-side">
        {showsScreen && showsBoard && <figure data-testid="board">{board}</figure>}
        {showsMatter && showsTeacher && <figure>{teacher}</figure>}
        {on !== undefined && (
          <figure className="on-stage" data-testid="stage">
            <SlotVideo room={room} slot="stage" label={on.name} testId="stage-video" />
            <figcaption>{t('class.stage', { name: on.name })}</figcaption>
          </figure>
        )}
        <figure className={`self ${isCalled ? 'called' : ''}`}>
          {own === null ? <p className="no-camera">{t('class.noCamera')}</p> : <Video stream={own} label={t('class.self')} testId="self-video" mirrored />}
          <figcaption data-testid="voice-state" data-voice={voice}>
            {isCalled && <strong>{t('class.onStage')}</strong>}
            <span className={`voice ${voice}`}><Icon name={voice === 'heard' ? 'mic' : 'micOff'} size="1em" />{t(`class.voice.${voice}`)}</span>
            {me?.hand === true && <strong className="hand-up" data-testid="hand-up"><Icon name="hand" size="1em" />{t('class.handUp')}</strong>}
          </figcaption>
        </figure>
      </div>
    </div>
  );
}
