// What the lesson looks like now: the welcome's snapshot with every event applied. Pure, and used twice: live, and by
// the player, which rebuilds any moment of a recording from its events.
import type {
  ChatEvent,
  Lesson,
  LessonEvent,
  LessonSnapshot,
  Participant,
  ParticipantId,
} from '../protocol/messages';

export interface LessonState {
  lesson: Lesson;
  /** In order of arrival. */
  participants: Participant[];
  removed: Participant[];
  stage: ParticipantId | null;
  recording: boolean;
  /** Session clock of the recording's start, for the red light's counter. */
  recordingSince: number;
  chat: ChatEvent[];
  encoder: boolean;
}

const CHAT_KEPT = 200;

export function fromSnapshot(lesson: Lesson, snapshot: LessonSnapshot): LessonState {
  return {
    lesson,
    participants: snapshot.participants,
    removed: snapshot.removed,
    stage: snapshot.stage,
    recording: snapshot.recording,
    recordingSince: 0,
    chat: snapshot.chat,
    encoder: snapshot.encoder,
  };
}

export function emptyLesson(lesson: Lesson): LessonState {
  return fromSnapshot(lesson, { participants: [], removed: [], stage: null, recording: false, chat: [], encoder: false });
}

function change(state: LessonState, p: ParticipantId, to: Partial<Participant>): LessonState {
  return { ...state, participants: state.participants.map((one) => (one.p === p ? { ...one, ...to } : one)) };
}

function without(state: LessonState, p: ParticipantId): LessonState {
  return {
    ...state,
    participants: state.participants.filter((one) => one.p !== p),
    stage: state.stage === p ? null : state.stage,
  };
}

function withStage(state: LessonState, p: ParticipantId | null): LessonState {
  const participants = state.participants.map((one) => ({
    ...one,
    onStage: one.p === p,
    // A class that was called has had its wish: the hand goes down with the call.
    ...(one.p === p ? { hand: false, handAt: 0 } : {}),
  }));
  return { ...state, stage: p, participants };
}

function withJoined(state: LessonState, joined: Participant): LessonState {
  const isKnown = state.participants.some((one) => one.p === joined.p);
  const participants = isKnown
    ? state.participants.map((one) => (one.p === joined.p ? joined : one))
    : [...state.participants, joined];
  return { ...state, participants, removed: state.removed.filter((one) => one.p !== joined.p) };
}

function withRemoved(state: LessonState, p: ParticipantId): LessonState {
  const who = state.participants.find((one) => one.p === p);
  const removed = who === undefined ? state.removed : [...state.removed.filter((one) => one.p !== p), { ...who, online: false, onStage: false, hand: false }];
  return { ...without(state, p), removed };
}

export function applyEvent(state: LessonState, event: LessonEvent): LessonState {
  switch (event.kind) {
    case 'lesson-live':
      return { ...state, lesson: { ...state.lesson, state: 'live', startedAt: event.startedAt } };
    case 'lesson-ended':
      return withStage({ ...state, recording: false, lesson: { ...state.lesson, state: 'ended' } }, null);
    case 'participant-joined':
      return withJoined(state, event.participant);
    case 'participant-away':
      return change(state, event.p, { online: false, link: 'lost', speaking: false });
    case 'participant-back':
      return change(state, event.p, { online: true, link: 'good' });
    case 'participant-left':
      return without(state, event.p);
    case 'participant-removed':
      return withRemoved(state, event.p);
    case 'participant-readmitted':
      return { ...state, removed: state.removed.filter((one) => one.p !== event.p) };
    case 'hand':
      return change(state, event.p, { hand: event.up, handAt: event.up ? event.at : 0 });
    case 'stage':
      return withStage(state, event.p);
    case 'mute':
      return change(state, event.p, { muted: event.muted, mutedBy: event.muted ? event.by : null });
    case 'chat':
      return { ...state, chat: [...state.chat, event].slice(-CHAT_KEPT) };
    case 'headcount':
      return change(state, event.p, { headcount: event.count });
    case 'media':
      return change(state, event.p, { mic: event.mic, camera: event.camera, screen: event.screen });
    case 'recording':
      return { ...state, recording: event.on, recordingSince: event.on ? event.at : state.recordingSince };
    case 'encoder':
      return { ...state, encoder: event.on };
    case 'voice':
      return change(state, event.p, { speaking: event.speaking });
    case 'link':
      return change(state, event.p, { link: event.link });
  }
}

export function find(state: LessonState, p: ParticipantId | null): Participant | undefined {
  return p === null ? undefined : state.participants.find((one) => one.p === p);
}

export function teacherOf(state: LessonState): Participant | undefined {
  return state.participants.find((one) => one.role === 'teacher');
}
