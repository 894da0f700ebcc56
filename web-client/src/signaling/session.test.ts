import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../lib/clock';
import { CLOSE } from '../protocol/messages';
import { LessonSession, RequestFailed, type SessionStatus } from './session';
import type { SocketHandlers } from './socket';

interface FakeSocket {
  handlers: SocketHandlers;
  sent: Record<string, unknown>[];
  closed: boolean;
}

const lesson = {
  id: 'l1', topic: '分数', subject: '数学', grade: '三年级', kind: 'sync', school: '实验小学', teacher: '林老师',
  state: 'live', startedAt: 1,
};
const emptyState = { participants: [], removed: [], stage: null, recording: true, chat: [], encoder: false };

function setup(signedIn = true) {
  const clock = new ManualClock();
  const sockets: FakeSocket[] = [];
  const session = new LessonSession({
    lesson: 'l1',
    clock,
    random: () => 0.5,
    stillSignedIn: () => Promise.resolve(signedIn),
    open: (handlers) => {
      const socket: FakeSocket = { handlers, sent: [], closed: false };
      sockets.push(socket);
      return {
        send: (text) => socket.sent.push(JSON.parse(text) as Record<string, unknown>),
        close: () => (socket.closed = true),
      };
    },
  });
  const statuses: SessionStatus[] = [];
  const events: number[] = [];
  const fresh: boolean[] = [];
  session.on('status', (s) => statuses.push(s));
  session.on('event', (e) => events.push(e.n));
  session.on('welcome', (w) => fresh.push(w.fresh));
  session.start();
  const newest = (): FakeSocket => {
    const socket = sockets[sockets.length - 1];
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  };
  const say = (message: object) => newest().handlers.onText(JSON.stringify(message));
  const welcome = (more: object = {}) => {
    newest().handlers.onOpen();
    say({
      t: 'welcome', id: newest().sent[0]?.['id'], v: 1, you: 'p3', role: 'class', seat: 'secret', resumed: false,
      at: 5_000_000, lesson, state: emptyState, last: 7, iceServers: [], ...more,
    });
  };
  const event = (n: number) => say({ t: 'event', n, at: n, kind: 'hand', p: 'p3', up: true });
  return { clock, sockets, session, statuses, events, fresh, newest, say, welcome, event };
}

describe('LessonSession', () => {
  let s: ReturnType<typeof setup>;
  beforeEach(() => {
    s = setup();
  });

  it('says hello without a seat first, and with seat and last number when it returns', () => {
    s.welcome();
    expect(s.newest().sent[0]).toMatchObject({ t: 'hello', v: 1, lesson: 'l1' });
    expect(s.newest().sent[0]).not.toHaveProperty('resume');
    s.event(8);
    s.newest().handlers.onClose(1006);
    s.clock.advance(0);
    s.newest().handlers.onOpen();
    expect(s.newest().sent[0]).toMatchObject({ t: 'hello', resume: { seat: 'secret', last: 8 } });
  });

  it('takes the whole state again when the server forgot the seat', () => {
    s.welcome();
    s.newest().handlers.onClose(1006);
    s.clock.advance(0);
    s.welcome({ resumed: false, last: 3, seat: 'new' });
    s.event(4);
    expect(s.fresh).toEqual([true, true]);
    expect(s.events).toEqual([4]);
  });

  it('hands on each event once and in order after a resume', () => {
    s.welcome();
    s.event(8);
    s.event(9);
    s.newest().handlers.onClose(1006);
    s.clock.advance(0);
    s.welcome({ resumed: true, last: 9, state: undefined });
    for (const n of [9, 10, 11, 12]) s.event(n);
    expect(s.fresh).toEqual([true, false]);
    expect(s.events).toEqual([8, 9, 10, 11, 12]);
  });

  it('comes back for what is missing when a number is skipped', () => {
    s.welcome();
    const first = s.newest();
    s.event(9);
    expect(s.events).toEqual([]);
    expect(first.closed).toBe(true);
    s.clock.advance(0);
    s.newest().handlers.onOpen();
    expect(s.newest().sent[0]).toMatchObject({ resume: { seat: 'secret', last: 7 } });
  });

  it('counts an event of an unknown kind', () => {
    s.welcome();
    s.say({ t: 'event', n: 8, at: 1, kind: 'from-the-future', p: 'p3' });
    s.event(9);
    expect(s.events).toEqual([9]);
    expect(s.sockets).toHaveLength(1);
  });

  it('matches replies and errors to their requests', async () => {
    s.welcome();
    const call = s.session.request({ t: 'call', p: 'p4' });
    const chat = s.session.request({ t: 'chat', text: 'x' });
    const ids = s.newest().sent.slice(1).map((m) => m['id']);
    s.say({ t: 'error', id: ids[1], code: 'forbidden', message: 'no' });
    s.say({ t: 'ok', id: ids[0] });
    await expect(call).resolves.toMatchObject({ t: 'ok' });
    await expect(chat).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('sends a kept request again after an outage and refuses the others', async () => {
    s.welcome();
    const hand = s.session.request({ t: 'hand', up: true }, true);
    const chat = s.session.request({ t: 'chat', text: 'x' });
    s.newest().handlers.onClose(1006);
    await expect(chat).rejects.toBeInstanceOf(RequestFailed);
    s.clock.advance(0);
    s.welcome({ resumed: true });
    const again = s.newest().sent.filter((m) => m['t'] === 'hand');
    expect(again).toHaveLength(1);
    expect(s.newest().sent.some((m) => m['t'] === 'chat')).toBe(false);
    s.say({ t: 'ok', id: again[0]?.['id'] });
    await expect(hand).resolves.toMatchObject({ t: 'ok' });
  });

  it('gives up a silent line and says since when', () => {
    s.welcome();
    s.clock.advance(20_000);
    expect(s.sockets.length).toBeGreaterThan(1);
    expect(s.statuses.some((status) => status.kind === 'waiting' && !status.removed)).toBe(true);
  });

  it('a line that answers pings stays up', () => {
    s.welcome();
    for (let i = 0; i < 20; i += 1) {
      s.clock.advance(4000);
      const ping = s.newest().sent.filter((m) => m['t'] === 'ping').pop();
      s.say({ t: 'pong', id: ping?.['id'], at: 1 });
    }
    expect(s.sockets).toHaveLength(1);
  });

  it('never stops trying while the lesson lasts', () => {
    s.welcome();
    for (let i = 0; i < 40; i += 1) {
      s.newest().handlers.onClose(1006);
      s.clock.advance(3000);
    }
    expect(s.sockets).toHaveLength(41);
    const waiting = s.statuses.filter((status) => status.kind === 'waiting');
    expect(new Set(waiting.map((w) => w.since)).size).toBe(1);
  });

  it.each([
    [CLOSE.lessonEnded, 'ended'],
    [CLOSE.version, 'version'],
    [CLOSE.forbidden, 'forbidden'],
    [CLOSE.takenOver, 'taken-over'],
  ])('close code %i ends it as %s and it does not come back', (code, reason) => {
    s.welcome();
    s.newest().handlers.onClose(code);
    s.clock.advance(60_000);
    expect(s.session.currentStatus()).toEqual({ kind: 'closed', reason });
    expect(s.sockets).toHaveLength(1);
  });

  it('a removed class tries quietly for a minute, so that the teacher can undo', () => {
    s.welcome();
    s.newest().handlers.onClose(CLOSE.removed);
    s.clock.advance(5000);
    s.newest().handlers.onOpen();
    expect(s.newest().sent[0]).not.toHaveProperty('resume');
    s.newest().handlers.onClose(CLOSE.forbidden);
    expect(s.session.currentStatus()).toMatchObject({ kind: 'waiting', removed: true });
    s.clock.advance(5000);
    s.welcome();
    expect(s.session.currentStatus()).toEqual({ kind: 'open' });
  });

  it('a removed class that is not let in again stops asking', () => {
    s.welcome();
    for (let i = 0; i < 20; i += 1) {
      s.newest().handlers.onClose(CLOSE.removed);
      s.clock.advance(5000);
    }
    expect(s.session.currentStatus()).toEqual({ kind: 'closed', reason: 'removed' });
  });

  it('tells a sign-out from a dead line', async () => {
    const out = setup(false);
    for (let i = 0; i < 3; i += 1) {
      out.newest().handlers.onClose(1006);
      out.clock.advance(3000);
    }
    await Promise.resolve();
    await Promise.resolve();
    expect(out.session.currentStatus()).toEqual({ kind: 'closed', reason: 'signed-out' });
  });

  it('reports an unreadable message and goes on', () => {
    const unreadable: string[] = [];
    s.session.on('unreadable', (where) => unreadable.push(where));
    s.welcome();
    s.say({ t: 'event', n: 'eight', at: 1, kind: 'hand' });
    s.event(8);
    expect(unreadable).toEqual(['n']);
    expect(s.events).toEqual([8]);
  });

  it('keeps the session clock running between messages', () => {
    s.welcome();
    s.clock.advance(1500);
    expect(s.session.sessionNow()).toBe(6_500_000);
  });
});
