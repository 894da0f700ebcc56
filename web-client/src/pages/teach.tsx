import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useT } from '../i18n';
import { chime } from '../lib/chime';
import { browserClock } from '../lib/clock';
import { useKeys } from '../lib/keys';
import { sayError } from '../lib/say_error';
import { useStore } from '../lib/store';
import type { Participant } from '../protocol/messages';
import type { Room } from '../rtc/room';
import type { PageProps } from '../lib/navigate';
import { find, type LessonState } from '../state/lesson';
import { newHands } from '../state/tiles';
import { DelayedAction } from '../state/undo';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { ChatBox } from '../ui/chat';
import { Shortcuts } from '../ui/dialog';
import { Icon } from '../ui/icons';
import { LinkBadge, useLinkWords } from '../ui/link_words';
import { RecordingLight } from '../ui/recording_light';
import { RateNote } from '../ui/rate_note';
import { ReliefNote } from '../ui/relief_note';
import { SlotVideo } from '../ui/slot_video';
import { Toasts, useToasts } from '../ui/toast';
import { useTheme } from '../ui/theme';
import { Video } from '../ui/video';
import { LessonGate, useTrackStream } from './lesson_gate';
import { MyPicture } from './my_picture';
import { SourcesButton } from './sources';
import { Wall } from './wall';
import './console.css';

export default function Teach({ id }: PageProps) {
  useTheme('light');
  return <LessonGate lesson={id} role="teacher">{(room, state) => <Console room={room} state={state} lesson={id} />}</LessonGate>;
}

interface ConsoleProps {
  room: Room;
  state: LessonState;
  lesson: string;
}

/** With an encoder, this computer's camera and microphone stay closed unless the teacher wants them. */
function useOwnDevices(room: Room, isEncoderOn: boolean): [boolean, () => void] {
  const [isForced, setForced] = useState(false);
  const usesOwn = isForced || !isEncoderOn;
  useEffect(() => {
    if (usesOwn) void room.openDevices(['microphone', 'camera']);
    else room.publisher.closeDevices();
  }, [room, usesOwn]);
  return [usesOwn, useCallback(() => setForced(true), [])];
}

function useHandSound(participants: Participant[]): Participant[] {
  const before = useRef(participants);
  const [raised, setRaised] = useState<Participant[]>([]);
  useEffect(() => {
    const up = newHands(before.current, participants);
    before.current = participants;
    if (up.length === 0) return;
    chime();
    setRaised(participants.filter((one) => up.includes(one.p)));
  }, [participants]);
  return raised;
}

function Console({ room, state, lesson }: ConsoleProps) {
  const t = useT();
  const publishing = useStore(room.publisher.state);
  const refusal = useStore(room.refusal);
  const words = useLinkWords(room);
  const { toasts, drop, show } = useToasts();
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [usesOwn, forceOwn] = useOwnDevices(room, state.encoder);
  const raised = useHandSound(state.participants);
  useEffect(() => {
    if (refusal === null) return;
    show(t(sayError(refusal.code)));
    room.refusal.set(null);
  }, [refusal, room, show, t]);

  const toggleMute = () => room.setMuted(!room.publisher.state.get().mutedHere);
  useKeys({
    onDown: (key, event) => {
      if (key === ' ') {
        event.preventDefault();
        toggleMute();
      } else if (key === '?') setHelpOpen(true);
    },
    onUp: (key) => {
      if (key === ' ') toggleMute();
    },
  });

  return (
    <div className="console" data-testid="console">
      <header className="console-head">
        <h1>{state.lesson.topic}</h1>
        <span className="quiet">{[state.lesson.subject, state.lesson.grade].filter(Boolean).join(' · ')}</span>
        <span className="spring" />
        <ReliefNote room={room} hasWall className="quiet" />
        <RateNote room={room} className="quiet" />
        <LinkBadge words={words} />
      </header>
      {!usesOwn && (
        <div className="console-note" role="status" data-testid="encoder">
          <span>{t('teach.encoder')}</span>
          <Button size="small" onClick={forceOwn}>{t('teach.encoderUseOwn')}</Button>
        </div>
      )}
      <Courseware room={room} />
      <MyPicture room={room} usesOwn={usesOwn} />
      <Stage room={room} state={state} />
      <Classes room={room} state={state} onToast={show} />
      <ChatBox lines={state.chat} draftKey={`tongke.draft.${lesson}`} onSend={(text) => room.chat(text)} />
      <footer className="console-bar">
        <RecordingLight room={room} state={state} />
        {state.lesson.state === 'scheduled' && <span className="quiet">{t('teach.waiting')}</span>}
        <span className="spring" />
        <Button on={publishing.mutedHere} disabled={publishing.microphone === null} onClick={toggleMute} data-testid="mute-self" title={t('teach.pushToTalk')}>
          <Icon name={publishing.mutedHere ? 'micOff' : 'mic'} />{t(publishing.mutedHere ? 'teach.unmute' : 'teach.mute')}
        </Button>
        <Button on={publishing.cameraOff} disabled={publishing.camera === null} onClick={() => room.publisher.setCameraOff(!publishing.cameraOff)} data-testid="camera-self">
          <Icon name={publishing.cameraOff ? 'cameraOff' : 'camera'} />{t(publishing.cameraOff ? 'teach.cameraOn' : 'teach.cameraOff')}
        </Button>
        <Button on={publishing.screen !== null} data-testid="share-screen" onClick={() => (publishing.screen === null ? void room.publisher.startScreen() : room.publisher.stopScreen())}>
          <Icon name="screen" />{t(publishing.screen === null ? 'teach.share' : 'teach.stopShare')}
        </Button>
        <SourcesButton room={room} lesson={lesson} />
        <StartOrEnd room={room} state={state} />
        <Button kind="bare" aria-label={t('app.shortcuts')} title={t('app.shortcuts')} onClick={() => setHelpOpen(true)}>?</Button>
      </footer>
      <Toasts toasts={toasts} onDone={drop} />
      <span className="hidden-text" role="status" aria-live="assertive">{raised.map((one) => t('teach.handRaised', { name: one.name })).join('，')}</span>
      {isHelpOpen && <Shortcuts onClose={() => setHelpOpen(false)} keys={[[t('teach.spaceKey'), t('keys.space')], ['← →', t('keys.arrows')], ['?', t('keys.question')]]} />}
    </div>
  );
}

/** The lesson ends after five seconds in which it can be taken back, instead of a question. */
function StartOrEnd({ room, state }: { room: Room; state: LessonState }) {
  const t = useT();
  const [left, setLeft] = useState<number | null>(null);
  const action = useMemo(() => new DelayedAction(browserClock, setLeft), []);
  useEffect(() => () => action.undo(), [action]);
  if (state.lesson.state === 'scheduled') {
    return <Button kind="primary" data-testid="start-lesson" onClick={() => room.send({ t: 'start' })}>{t('teach.start')}</Button>;
  }
  if (left !== null) {
    return (
      <span className="ending" role="status">
        <span className="num">{t('teach.ending', { seconds: left })}</span>
        <Button kind="primary" data-testid="end-undo" onClick={() => action.undo()}>{t('app.undo')}</Button>
      </span>
    );
  }
  return <Button kind="danger" data-testid="end-lesson" onClick={() => action.arm(() => room.send({ t: 'end' }))}>{t('teach.end')}</Button>;
}

function Courseware({ room }: { room: Room }) {
  const t = useT();
  const publishing = useStore(room.publisher.state);
  const slots = useStore(room.slots);
  const own = useTrackStream(publishing.screen);
  return (
    <section className="courseware">
      {own !== null ? <Video stream={own} label={t('teach.sharing')} testId="screen-video" /> : !slots['screen'] ? (
        <div className="courseware-empty">
          <p>{t('teach.noShare')}</p>
          <p className="quiet">{t('teach.noShareHint')}</p>
          <Button onClick={() => void room.publisher.startScreen()}><Icon name="screen" />{t('teach.share')}</Button>
        </div>
      ) : (
        <SlotVideo room={room} slot="screen" label={t('teach.sharing')} testId="screen-video" />
      )}
    </section>
  );
}

function Stage({ room, state }: { room: Room; state: LessonState }) {
  const t = useT();
  const on = find(state, state.stage);
  if (on === undefined) {
    return (
      <section className="panel stage" data-testid="stage">
        <div className="panel-empty"><p>{t('teach.stageEmpty')}</p><p className="quiet">{t('teach.stageHint')}</p></div>
      </section>
    );
  }
  return (
    <section className="panel stage" data-testid="stage">
      <SlotVideo room={room} slot="stage" label={on.name} testId="stage-video" />
      <div className="panel-words">
        <Badge kind="speak" dot>{t('teach.stage', { name: on.name })}</Badge>
        {on.muted && <Badge>{t(on.mutedBy === 'self' ? 'teach.mutedSelf' : 'teach.muted')}</Badge>}
        <span className="spring" />
        <Button data-testid="release" onClick={() => room.send({ t: 'release' })}>{t('teach.release')}</Button>
      </div>
    </section>
  );
}

/** The wall as the teacher has it: with calls, mutes and those who were sent out. */
function Classes({ room, state, onToast }: { room: Room; state: LessonState; onToast: (text: string, undo?: () => void) => void }) {
  const t = useT();
  const observers = useStore(room.observers);
  const acts = {
    onCall: (one: Participant) => room.send({ t: 'call', p: one.p }),
    onMute: (one: Participant) => room.send({ t: 'mute', p: one.p, muted: !one.muted }),
    onRemove: (one: Participant) => {
      room.send({ t: 'remove', p: one.p });
      onToast(t('teach.removed', { name: one.name }), () => room.send({ t: 'readmit', p: one.p }));
    },
  };
  return (
    <Wall room={room} state={state} acts={acts} badge={observers > 0 && <Badge>{t('teach.observers', { count: observers })}</Badge>}>
      {state.removed.length > 0 && (
        <div className="wall-removed">
          <h3>{t('teach.removedList')}</h3>
          {state.removed.map((one) => (
            <p key={one.p}><span>{one.name}</span><Button size="small" data-testid={`readmit-${one.p}`} onClick={() => room.send({ t: 'readmit', p: one.p })}>{t('teach.readmit')}</Button></p>
          ))}
        </div>
      )}
    </Wall>
  );
}
