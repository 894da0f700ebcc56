// Today's list: which lesson is next, and what its one button does.
import type { LessonPhase, Role } from '../protocol/messages';

export interface LessonClass {
  id: string;
  name: string;
  school: string;
  headcount: number;
}

export interface LessonEntry {
  id: string;
  topic: string;
  subject: string;
  grade: string;
  kind: string;
  school: string;
  teacher: string;
  state: LessonPhase;
  /** Wall clock, microseconds; 0 when unknown. */
  scheduledAt: number;
  startedAt: number;
  endedAt: number;
  classes: LessonClass[];
  role: Role;
}

/** A live lesson before any other; then the one that is soonest (a late one still waits to be started). */
export function nextLesson(lessons: readonly LessonEntry[]): LessonEntry | undefined {
  const open = lessons.filter((lesson) => lesson.state !== 'ended');
  return open.sort(
    (a, b) => Number(b.state === 'live') - Number(a.state === 'live') || a.scheduledAt - b.scheduledAt,
  )[0];
}

export function lessonPath(lesson: { id: string; role: Role }): string {
  const page = { teacher: 'teach', class: 'class', observer: 'observe' }[lesson.role];
  return `/lesson/${encodeURIComponent(lesson.id)}/${page}`;
}

export interface Day {
  /** Local midnight, milliseconds. */
  start: number;
  lessons: LessonEntry[];
}

/** Groups by local day, in order of time. */
export function byDay(lessons: readonly LessonEntry[]): Day[] {
  const days = new Map<number, LessonEntry[]>();
  for (const lesson of [...lessons].sort((a, b) => when(a) - when(b))) {
    const start = new Date(when(lesson) / 1000).setHours(0, 0, 0, 0);
    days.set(start, [...(days.get(start) ?? []), lesson]);
  }
  return [...days].sort(([a], [b]) => a - b).map(([start, list]) => ({ start, lessons: list }));
}

function when(lesson: LessonEntry): number {
  return lesson.scheduledAt > 0 ? lesson.scheduledAt : lesson.startedAt;
}
