import { useT } from '../i18n';
import { useStore } from '../lib/store';
import type { Room } from '../rtc/room';
import type { PageProps } from '../lib/navigate';
import { find, teacherOf, type LessonState } from '../state/lesson';
import { attendance, tiles } from '../state/tiles';
import { Badge } from '../ui/badge';
import { ChatLines } from '../ui/chat';
import { ClassTile } from '../ui/class_tile';
import { LinkBadge, useLinkWords } from '../ui/link_words';
import { RecordingLight } from '../ui/recording_light';
import { ReliefNote } from '../ui/relief_note';
import { useTheme } from '../ui/theme';
import { Video } from '../ui/video';
import { LessonGate } from './lesson_gate';
import './console.css';

export default function Observe({ id }: PageProps) {
  useTheme('light');
  return <LessonGate lesson={id} role="observer">{(room, state) => <Watch room={room} state={state} />}</LessonGate>;
}

/** Sees everything that the teacher sees, and sends nothing: no device is asked for. */
function Watch({ room, state }: { room: Room; state: LessonState }) {
  const t = useT();
  const words = useLinkWords(room);
  const streams = useStore(room.streams);
  const slots = useStore(room.slots);
  const teacher = teacherOf(state);
  const on = find(state, state.stage);
  const showsScreen = Boolean(slots['screen']);
  const showsTeacher = Boolean(slots['teacher']);
  const count = attendance(state.participants);
  const teacherName = teacher?.name ?? state.lesson.teacher;
  const teacherPicture = <Video stream={streams.get('teacher') ?? null} label={teacherName} testId="teacher-video" />;
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
          ? <Video stream={streams.get('screen') ?? null} label={t('teach.sharing')} testId="screen-video" />
          : showsTeacher ? teacherPicture : <div className="courseware-empty"><p>{t(state.lesson.state === 'live' ? 'class.noTeacher' : 'lesson.waiting')}</p></div>}
      </section>
      <section className="panel me" aria-label={teacherName}>
        {showsScreen && showsTeacher ? teacherPicture : <div className="panel-empty"><p>{teacherName}</p></div>}
        <div className="panel-words">
          <span>{teacherName}</span>
          {teacher?.muted === true ? <Badge>{t('teach.muted')}</Badge> : teacher?.speaking === true && <Badge kind="speak">{t('teach.speaking')}</Badge>}
        </div>
      </section>
      <section className="panel stage" data-testid="stage">
        {on === undefined
          ? <div className="panel-empty"><p>{t('teach.stageEmpty')}</p></div>
          : <><Video stream={streams.get('stage') ?? null} label={on.name} testId="stage-video" /><div className="panel-words"><Badge kind="speak" dot>{t('teach.stage', { name: on.name })}</Badge></div></>}
      </section>
      <section className="wall" aria-label={t('teach.wall')} data-testid="wall">
        <div className="wall-head">
          <h2>{t('teach.wall')}</h2>
          <span className="quiet num">{t('teach.wallCount', { ...count })}</span>
        </div>
        {count.classes === 0 && <p className="quiet">{t('teach.wallEmpty')}</p>}
        <div className="wall-tiles">
          {tiles(state, slots).map(({ participant, slot }) => (
            <ClassTile key={participant.p} participant={participant} stream={slot === null ? null : (streams.get(slot) ?? null)} />
          ))}
        </div>
      </section>
      <section className="chat" aria-label={t('chat.title')}><ChatLines lines={state.chat} empty={t('chat.empty')} /></section>
      <footer className="console-bar"><RecordingLight room={room} state={state} /></footer>
    </div>
  );
}
