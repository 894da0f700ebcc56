import { useT } from '../i18n';
import { useStore } from '../lib/store';
import type { Room } from '../rtc/room';
import { go, type PageProps } from '../lib/navigate';
import { hasStream } from '../player/stream_address';
import { find, teacherOf, type LessonState } from '../state/lesson';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { ChatLines } from '../ui/chat';
import { Icon } from '../ui/icons';
import { LinkBadge, useLinkWords } from '../ui/link_words';
import { RecordingLight } from '../ui/recording_light';
import { ReliefNote } from '../ui/relief_note';
import { SlotVideo } from '../ui/slot_video';
import { useTheme } from '../ui/theme';
import { LessonGate } from './lesson_gate';
import { Wall } from './wall';
import './console.css';

export default function Observe({ id }: PageProps) {
  useTheme('light');
  return <LessonGate lesson={id} role="observer">{(room, state) => <Watch room={room} state={state} />}</LessonGate>;
}

/** Sees everything that the teacher sees, and sends nothing: no device is asked for. */
function Watch({ room, state }: { room: Room; state: LessonState }) {
  const t = useT();
  const words = useLinkWords(room);
  const slots = useStore(room.slots);
  const isOff = useStore(room.picturesOff);
  const teacher = teacherOf(state);
  const on = find(state, state.stage);
  const showsScreen = Boolean(slots['screen']);
  const showsBoard = Boolean(slots['board']);
  const showsTeacher = Boolean(slots['teacher']);
  const teacherName = teacher?.name ?? state.lesson.teacher;
  const teacherPicture = <SlotVideo room={room} slot="teacher" label={teacherName} testId="teacher-video" />;
  const board = <SlotVideo room={room} slot="board" label={t('sources.role.board')} testId="board-video" />;
  return (
    <div className="console" data-testid="observe">
      <header className="console-head">
        <h1>{state.lesson.topic}</h1>
        <Badge>{t('observe.title')} · {t('observe.hidden')}</Badge>
        <span className="spring" />
        <ReliefNote room={room} hasWall className="quiet" />
        <LinkBadge words={words} />
      </header>
      <section className="courseware">
        {showsScreen
          ? <SlotVideo room={room} slot="screen" label={t('teach.sharing')} testId="screen-video" />
          : showsBoard ? board : showsTeacher ? teacherPicture : <div className="courseware-empty"><p>{t(state.lesson.state === 'live' ? 'class.noTeacher' : 'lesson.waiting')}</p></div>}
      </section>
      <section className="panel me" aria-label={teacherName}>
        {(showsScreen || showsBoard) && showsTeacher ? teacherPicture : <div className="panel-empty"><p>{teacherName}</p></div>}
        <div className="panel-words">
          <span>{teacherName}</span>
          {teacher?.muted === true ? <Badge>{t('teach.muted')}</Badge> : teacher?.speaking === true && <Badge kind="speak">{t('teach.speaking')}</Badge>}
        </div>
      </section>
      <section className="panel stage" data-testid="stage">
        {on === undefined && showsScreen && showsBoard
          ? board
          : on === undefined
          ? <div className="panel-empty"><p>{t('teach.stageEmpty')}</p></div>
          : <><SlotVideo room={room} slot="stage" label={on.name} testId="stage-video" /><div className="panel-words"><Badge kind="speak" dot>{t('teach.stage', { name: on.name })}</Badge></div></>}
      </section>
      <Wall room={room} state={state} />
      <section className="chat" aria-label={t('chat.title')}><ChatLines lines={state.chat} empty={t('chat.empty')} /></section>
      <footer className="console-bar">
        <RecordingLight room={room} state={state} />
        <span className="spring" />
        {state.lesson.state === 'live' && hasStream(state.lesson.kind) && (
          <Button kind={words.kind === 'weak' ? 'primary' : 'plain'} data-testid="to-stream" onClick={() => go(`/live/${encodeURIComponent(state.lesson.id)}`)}>{t('observe.stream')}</Button>
        )}
        <Button on={isOff} data-testid="pictures-off" onClick={() => room.setPicturesOff(!isOff)}><Icon name={isOff ? 'camera' : 'sound'} />{t(isOff ? 'view.turnOn' : 'view.turnOff')}</Button>
      </footer>
    </div>
  );
}
