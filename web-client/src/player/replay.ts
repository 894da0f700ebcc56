// Any moment of a recorded lesson, from its events: who was on the stage, whose hand was up, what had been said.
import type { LessonEvent } from '../protocol/messages';
import { parseLesson } from '../protocol/guards';
import type { Recording } from '../lib/api';
import { applyEvent, emptyLesson, type LessonState } from '../state/lesson';
import type { Band, Piece } from '../ui/timeline';

/** The state at `us`: all events up to then, applied by the same code as in the live lesson. */
export function stateAt(recording: Recording, us: number): LessonState {
  let state = emptyLesson(parseLesson(recording.lesson));
  for (const event of recording.events) {
    if (event.at > us) break;
    state = applyEvent(state, event);
  }
  return state;
}

interface Open {
  at: number;
  label: string;
}

/** Turns begin/end pairs into pieces; what is still open at the end lasts to the end. */
class Spans {
  private readonly open = new Map<string, Open>();
  readonly pieces: Piece[] = [];

  begin(key: string, at: number, label: string): void {
    if (!this.open.has(key)) this.open.set(key, { at, label });
  }

  end(key: string, at: number): void {
    const begun = this.open.get(key);
    if (begun === undefined) return;
    this.open.delete(key);
    this.pieces.push({ startUs: begun.at, endUs: at, label: begun.label });
  }

  finish(at: number): Piece[] {
    for (const key of [...this.open.keys()]) this.end(key, at);
    return this.pieces.sort((a, b) => a.startUs - b.startUs);
  }
}

export type BandName = 'teacherVoice' | 'classVoice' | 'hands' | 'calls' | 'chat';

interface Builder {
  roles: Map<string, string>;
  names: Map<string, string>;
  spans: Record<Exclude<BandName, 'chat'>, Spans>;
  chat: Piece[];
}

function take(builder: Builder, event: LessonEvent): void {
  const { spans, names } = builder;
  const name = (p: string) => names.get(p) ?? '';
  switch (event.kind) {
    case 'participant-joined':
      builder.roles.set(event.participant.p, event.participant.role);
      names.set(event.participant.p, event.participant.name);
      return;
    case 'voice': {
      const band = builder.roles.get(event.p) === 'teacher' ? spans.teacherVoice : spans.classVoice;
      if (event.speaking) band.begin(event.p, event.at, name(event.p));
      else band.end(event.p, event.at);
      return;
    }
    case 'hand':
      if (event.up) spans.hands.begin(event.p, event.at, name(event.p));
      else spans.hands.end(event.p, event.at);
      return;
    case 'stage':
      if (event.previous !== null) spans.calls.end(event.previous, event.at);
      if (event.p === null) return;
      spans.hands.end(event.p, event.at);
      spans.calls.begin(event.p, event.at, name(event.p));
      return;
    case 'participant-away':
      for (const band of [spans.teacherVoice, spans.classVoice]) band.end(event.p, event.at);
      return;
    case 'participant-left':
    case 'participant-removed':
      for (const band of Object.values(spans)) band.end(event.p, event.at);
      return;
    case 'chat':
      builder.chat.push({ startUs: event.at, endUs: event.at, label: `${event.name}：${event.text}` });
      return;
    default:
  }
}

/** The timeline's bands, without titles. */
export function bands(events: readonly LessonEvent[], durationUs: number): Omit<Band, 'title'>[] {
  const builder: Builder = {
    roles: new Map(),
    names: new Map(),
    spans: { teacherVoice: new Spans(), classVoice: new Spans(), hands: new Spans(), calls: new Spans() },
    chat: [],
  };
  for (const event of events) take(builder, event);
  const spans = Object.entries(builder.spans).map(([name, one]) => ({ name, pieces: one.finish(durationUs) }));
  return [...spans, { name: 'chat', pieces: builder.chat }];
}
