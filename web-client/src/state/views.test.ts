import { describe, expect, it } from 'vitest';
import { ManualClock } from '../lib/clock';
import type { QualityReport, SlotMap } from '../protocol/messages';
import { aParticipant } from './fixtures';
import { clockText, countdown } from './format';
import { byDay, lessonPath, nextLesson, type LessonEntry } from './lessons';
import { isWeak, linkWords, voiceWords } from './link';
import { attendance, newHands, slotOf, wallOrder } from './tiles';
import { gradeLine, matches, median } from './measure';
import { DelayedAction, UNDO_SECONDS } from './undo';

const good: QualityReport = { rtt: 40, lossUp: 0, lossDown: 0, kbpsUp: 900, kbpsDown: 1800, frozen: 0, playoutDelay: 80 };

describe('the wall', () => {
  const classes = [
    aParticipant({ p: 't', role: 'teacher' }),
    aParticipant({ p: 'a' }),
    aParticipant({ p: 'b', hand: true, handAt: 9 }),
    aParticipant({ p: 'c', online: false }),
    aParticipant({ p: 'd', hand: true, handAt: 5 }),
  ];

  it('puts raised hands on top, the longest wait first, and moves nobody else', () => {
    expect(wallOrder(classes).map((one) => one.p)).toEqual(['d', 'b', 'a', 'c']);
  });

  it('finds each class its picture, wherever the server put it', () => {
    const slots: SlotMap = {
      'wall-0': { p: 'a', source: 'camera' }, 'wall-1': null, 'wall-11': { p: 'b', source: 'camera' },
      stage: { p: 'd', source: 'camera' }, teacher: { p: 't', source: 'camera' },
    };
    expect(['d', 'b', 'a', 'c'].map((p) => slotOf(slots, p))).toEqual(['stage', 'wall-11', 'wall-0', null]);
  });

  it('names only hands that just went up', () => {
    const now = classes.map((one) => (one.p === 'a' ? { ...one, hand: true } : one));
    expect(newHands(classes, now)).toEqual(['a']);
    expect(newHands(now, now)).toEqual([]);
  });

  it('counts the children of the classes that are there', () => {
    expect(attendance(classes)).toEqual({ classes: 4, online: 3, children: 84 });
  });
});

describe('link words', () => {
  const inputs = { session: { kind: 'open' }, media: 'connected', quality: good, now: 20_000 } as const;

  it('says how long it has been trying', () => {
    const session = { kind: 'waiting', since: 8000, retryAt: 21_000, removed: false } as const;
    expect(linkWords({ ...inputs, session })).toEqual({ kind: 'reconnecting', seconds: 12 });
  });

  it('distinguishes weak from connected, and media trouble from line trouble', () => {
    expect(linkWords(inputs)).toEqual({ kind: 'connected' });
    expect(linkWords({ ...inputs, quality: { ...good, lossDown: 0.2 } })).toEqual({ kind: 'weak' });
    expect(linkWords({ ...inputs, media: 'restarting' })).toEqual({ kind: 'media-restarting' });
    expect(linkWords({ ...inputs, session: { kind: 'closed', reason: 'ended' } })).toEqual({ kind: 'closed', reason: 'ended' });
  });

  it('calls a line weak for loss, delay or a standing picture, not before it was measured', () => {
    expect(isWeak(null)).toBe(false);
    expect(isWeak(good)).toBe(false);
    for (const bad of [{ lossUp: 0.06 }, { lossDown: 0.06 }, { rtt: 900 }, { frozen: 1500 }]) {
      expect(isWeak({ ...good, ...bad })).toBe(true);
    }
  });

  it('never tells a class that it is heard when it is not', () => {
    expect(voiceWords({ onStage: true, muted: false, mic: true }, false)).toBe('heard');
    expect(voiceWords({ onStage: true, muted: true, mic: true }, false)).toBe('muted-by-teacher');
    expect(voiceWords({ onStage: true, muted: false, mic: true }, true)).toBe('muted');
    expect(voiceWords({ onStage: false, muted: false, mic: true }, false)).toBe('not-called');
    expect(voiceWords({ onStage: true, muted: false, mic: false }, false)).toBe('no-microphone');
  });
});

describe('times', () => {
  it('reads like a clock', () => {
    expect([clockText(0), clockText(1_394_000_000), clockText(3_723_000_000)]).toEqual(['00:00', '23:14', '1:02:03']);
    expect(clockText(-5)).toBe('00:00');
  });

  it('counts days, then hours, then now', () => {
    const day = 86_400_000_000;
    expect(countdown(3 * day, 0)).toEqual({ kind: 'days', days: 3 });
    expect(countdown(600_000_000, 0)).toEqual({ kind: 'clock', text: '10:00' });
    expect(countdown(5, 5)).toEqual({ kind: 'now' });
  });
});

describe('today', () => {
  const entry = (id: string, more: Partial<LessonEntry>): LessonEntry => ({
    id, topic: 't', subject: 's', grade: 'g', kind: 'k', school: 'x', teacher: 'y', state: 'scheduled',
    scheduledAt: 1, startedAt: 0, endedAt: 0, classes: [], role: 'class', ...more,
  });

  it('a live lesson comes before an earlier one that has not begun; ended ones never come', () => {
    const list = [
      entry('ended', { state: 'ended', scheduledAt: 0 }), entry('soon', { scheduledAt: 10 }),
      entry('live', { state: 'live', scheduledAt: 20 }), entry('later', { scheduledAt: 30 }),
    ];
    expect(nextLesson(list)?.id).toBe('live');
    expect(nextLesson(list.filter((one) => one.id !== 'live'))?.id).toBe('soon');
    expect(nextLesson([])).toBeUndefined();
  });

  it('leads each role to its page', () => {
    expect((['teacher', 'class', 'observer'] as const).map((role) => lessonPath({ id: 'a/b', role }))).toEqual([
      '/lesson/a%2Fb/teach', '/lesson/a%2Fb/class', '/lesson/a%2Fb/observe',
    ]);
  });

  it('groups by day in order of time', () => {
    const noon = new Date(2026, 4, 4, 12).getTime() * 1000;
    const days = byDay([
      entry('c', { scheduledAt: noon + 86_400_000_000 }), entry('b', { scheduledAt: noon + 1 }), entry('a', { scheduledAt: noon }),
    ]);
    expect(days.map((day) => day.lessons.map((one) => one.id))).toEqual([['a', 'b'], ['c']]);
  });
});

describe('DelayedAction', () => {
  it('acts after the wait, counting down', () => {
    const clock = new ManualClock();
    const left: (number | null)[] = [];
    let acted = 0;
    const action = new DelayedAction(clock, (seconds) => left.push(seconds));
    action.arm(() => (acted += 1));
    action.arm(() => (acted += 100));
    clock.advance(UNDO_SECONDS * 1000 - 1);
    expect(acted).toBe(0);
    clock.advance(1);
    expect(acted).toBe(1);
    expect(left).toEqual([5, 4, 3, 2, 1, null]);
  });

  it('does not act when undone', () => {
    const clock = new ManualClock();
    let acted = false;
    const action = new DelayedAction(clock, () => undefined);
    action.arm(() => (acted = true));
    clock.advance(4000);
    action.undo();
    clock.advance(60_000);
    expect([acted, action.isArmed()]).toEqual([false, false]);
  });
});

describe('finding and measuring', () => {
  it('finds by every word, in any order and case', () => {
    const fields = ['圆的面积', '数学 Math', '林老师'];
    expect(matches('', fields)).toBe(true);
    expect(matches('林 math', fields)).toBe(true);
    expect(matches('林 语文', fields)).toBe(false);
  });

  it('grades a line by what a class can do on it', () => {
    expect([gradeLine(40, 8000), gradeLine(40, 1000), gradeLine(300, 8000), gradeLine(40, 300), gradeLine(900, 8000)]).toEqual([
      'good', 'fair', 'fair', 'poor', 'poor',
    ]);
  });

  it('takes the middle of several round trips', () => {
    expect([median([9, 1, 5]), median([])]).toEqual([5, 0]);
  });
});
