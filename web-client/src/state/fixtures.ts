// Invented lessons for the tests beside these files. No page imports it.
import type { EventBody, Lesson, LessonEvent, Participant } from '../protocol/messages';

export const aLesson: Lesson = {
  id: 'l1',
  topic: '分数的初步认识',
  subject: '数学',
  grade: '三年级',
  kind: 'synchronous',
  school: '县实验小学',
  teacher: '林晓燕',
  state: 'live',
  startedAt: 1_700_000_000_000_000,
};

export function aParticipant(more: Partial<Participant> = {}): Participant {
  return {
    p: 'p2',
    role: 'class',
    name: '三年级二班',
    school: '中房小学',
    classId: 'c2',
    headcount: 28,
    online: true,
    hand: false,
    handAt: 0,
    onStage: false,
    muted: false,
    mutedBy: null,
    mic: true,
    camera: true,
    screen: false,
    link: 'good',
    speaking: false,
    ...more,
  };
}

export function anEvent(n: number, body: EventBody, at = n * 1_000_000): LessonEvent {
  return { t: 'event', n, at, ...body };
}
