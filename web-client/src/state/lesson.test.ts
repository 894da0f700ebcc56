import { describe, expect, it } from 'vitest';
import type { EventBody } from '../protocol/messages';
import { aLesson, anEvent, aParticipant } from './fixtures';
import { applyEvent, emptyLesson, find, fromSnapshot, teacherOf, type LessonState } from './lesson';

function after(...bodies: EventBody[]): LessonState {
  const start = fromSnapshot(aLesson, {
    participants: [aParticipant({ p: 'p1', role: 'teacher' }), aParticipant({ p: 'p2' }), aParticipant({ p: 'p3' })],
    removed: [],
    stage: null,
    recording: false,
    chat: [],
    encoder: false,
  });
  return bodies.reduce((state, body, i) => applyEvent(state, anEvent(i + 1, body)), start);
}

describe('applyEvent', () => {
  it('raises and lowers a hand and remembers since when', () => {
    const up = after({ kind: 'hand', p: 'p3', up: true });
    expect(find(up, 'p3')).toMatchObject({ hand: true, handAt: 1_000_000 });
    expect(find(up, 'p2')?.hand).toBe(false);
    expect(find(after({ kind: 'hand', p: 'p3', up: true }, { kind: 'hand', p: 'p3', up: false }), 'p3')?.hand).toBe(false);
  });

  it('calling a class releases the one before and lowers the hand', () => {
    const state = after(
      { kind: 'hand', p: 'p3', up: true },
      { kind: 'stage', p: 'p2', previous: null },
      { kind: 'stage', p: 'p3', previous: 'p2' },
    );
    expect(state.stage).toBe('p3');
    expect(find(state, 'p2')?.onStage).toBe(false);
    expect(find(state, 'p3')).toMatchObject({ onStage: true, hand: false });
  });

  it('a class away keeps its place and is shown as lost until it is back', () => {
    const away = after({ kind: 'participant-away', p: 'p2' });
    expect(find(away, 'p2')).toMatchObject({ online: false, link: 'lost' });
    const back = applyEvent(away, anEvent(2, { kind: 'participant-back', p: 'p2' }));
    expect(find(back, 'p2')).toMatchObject({ online: true, link: 'good' });
    expect(back.participants.map((one) => one.p)).toEqual(['p1', 'p2', 'p3']);
  });

  it('who left or was removed is gone from list and stage; only the removed can be readmitted', () => {
    const staged: EventBody = { kind: 'stage', p: 'p2', previous: null };
    const left = after(staged, { kind: 'participant-left', p: 'p2' });
    expect([find(left, 'p2'), left.stage, left.removed]).toEqual([undefined, null, []]);
    const removed = after(staged, { kind: 'participant-removed', p: 'p2' });
    expect([find(removed, 'p2'), removed.stage]).toEqual([undefined, null]);
    expect(removed.removed.map((one) => one.p)).toEqual(['p2']);
    const readmitted = applyEvent(removed, anEvent(3, { kind: 'participant-readmitted', p: 'p2' }));
    expect(readmitted.removed).toEqual([]);
  });

  it('joining twice does not double a class', () => {
    const joined: EventBody = { kind: 'participant-joined', participant: aParticipant({ p: 'p3', headcount: 31 }) };
    const state = after(joined, joined);
    expect(state.participants).toHaveLength(3);
    expect(find(state, 'p3')?.headcount).toBe(31);
  });

  it('applies mute, headcount, media, voice and link to the one they name', () => {
    const state = after(
      { kind: 'mute', p: 'p2', muted: true, by: 'teacher' },
      { kind: 'headcount', p: 'p2', count: 41 },
      { kind: 'media', p: 'p2', mic: false, camera: false, screen: true },
      { kind: 'voice', p: 'p2', speaking: true },
      { kind: 'link', p: 'p2', link: 'weak' },
    );
    expect(find(state, 'p2')).toMatchObject({
      muted: true, headcount: 41, mic: false, camera: false, screen: true, speaking: true, link: 'weak',
    });
    expect(find(state, 'p3')).toEqual(aParticipant({ p: 'p3' }));
  });

  it('keeps the newest 200 lines of chat', () => {
    let state = emptyLesson(aLesson);
    for (let n = 1; n <= 250; n += 1) {
      state = applyEvent(state, anEvent(n, { kind: 'chat', p: 'p2', text: String(n), name: 'x' }));
    }
    expect([state.chat.length, state.chat[0]?.text, state.chat[199]?.text]).toEqual([200, '51', '250']);
  });

  it('the end stops the recording and empties the stage', () => {
    const state = after(
      { kind: 'recording', on: true, reason: 'start' },
      { kind: 'stage', p: 'p2', previous: null },
      { kind: 'lesson-ended' },
    );
    expect([state.lesson.state, state.recording, state.stage, find(state, 'p2')?.onStage]).toEqual([
      'ended', false, null, false,
    ]);
  });

  it('knows the teacher and since when it records', () => {
    const state = after({ kind: 'lesson-live', startedAt: 77 }, { kind: 'recording', on: true, reason: 'start' });
    expect([teacherOf(state)?.p, state.recording, state.recordingSince]).toEqual(['p1', true, 2_000_000]);
    expect(state.lesson).toMatchObject({ state: 'live', startedAt: 77 });
    expect(applyEvent(state, anEvent(9, { kind: 'encoder', on: true })).encoder).toBe(true);
  });
});
