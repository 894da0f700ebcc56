// One seat in one lesson, over as many sockets as the line needs. It says hello, resumes, matches replies to requests,
// and hands on numbered events without a gap or a repeat. It knows no DOM and no media.
import { Emitter } from '../lib/emitter';
import type { Clock } from '../lib/clock';
import { BadMessage, parseServerMessage, type UnknownEvent } from '../protocol/guards';
import {
  CLOSE,
  PROTOCOL_VERSION,
  type ErrorCode,
  type LessonEvent,
  type LinkFigures,
  type Request,
  type ServerMessage,
  type SlotMap,
  type UndecodableSlot,
  type SourceStatus,
  type Welcome,
} from '../protocol/messages';
import { reconnectDelay } from './reconnect';
import type { OpenSocket, Socket } from './socket';

const REQUEST_TIMEOUT_MS = 10_000;
const PING_EVERY_MS = 4000;
// Two pings unanswered: a dead line is noticed before the server gives the seat away (60 s).
const SILENCE_MS = 9000;
const WELCOME_TIMEOUT_MS = 8000;
// A teacher's undo of a removal must bring the class back without anyone touching it.
const REMOVED_RETRY_MS = 5000;
const REMOVED_RETRIES = 12;

export type ClosedReason = 'ended' | 'version' | 'forbidden' | 'taken-over' | 'removed' | 'signed-out' | 'left';

export type SessionStatus =
  | { kind: 'connecting' }
  | { kind: 'open' }
  /** `since` and `retryAt` are clock milliseconds; `removed` when the teacher took the class out. */
  | { kind: 'waiting'; since: number; retryAt: number; removed: boolean }
  | { kind: 'closed'; reason: ClosedReason };

export class RequestFailed extends Error {
  constructor(
    readonly code: ErrorCode | 'offline' | 'timeout',
    message: string,
  ) {
    super(message);
  }
}

export interface SessionEvents {
  status: SessionStatus;
  /** `fresh`: the state in it replaces all that is known; otherwise the missed events follow. */
  welcome: { welcome: Welcome; fresh: boolean };
  event: LessonEvent;
  slots: SlotMap;
  levels: Record<string, number>;
  links: Record<string, LinkFigures>;
  observers: number;
  relief: string;
  undecodable: Record<string, UndecodableSlot>;
  overRate: Record<string, number>;
  sources: SourceStatus[];
  /** A message of the server that this page could not read, by field. */
  unreadable: string;
}

export interface SessionOptions {
  lesson: string;
  open: OpenSocket;
  clock: Clock;
  random: () => number;
  /** Asked after repeated failures: a refused upgrade and a dead line look the same to a socket. */
  stillSignedIn: () => Promise<boolean>;
}

interface Pending {
  message: Request;
  keep: boolean;
  resolve: (reply: ServerMessage) => void;
  reject: (error: RequestFailed) => void;
  cancelTimeout: () => void;
}

export class LessonSession extends Emitter<SessionEvents> {
  private status: SessionStatus = { kind: 'connecting' };
  private socket: Socket | null = null;
  private ready = false;
  private nextId = 1;
  private helloId = 0;
  private last = 0;
  private known = false;
  // Kept in memory only: a reloaded page needs the whole state, and the server knows its class by the credential.
  private seat: string | null = null;
  private attempt = 0;
  private lostSince: number | null = null;
  private heardAt = 0;
  private clockAt = 0;
  private clockRead = 0;
  private removedTries = 0;
  private cancelTimer = () => {};
  private cancelPing = () => {};
  private readonly pending = new Map<number, Pending>();

  constructor(private readonly options: SessionOptions) {
    super();
  }

  currentStatus(): SessionStatus {
    return this.status;
  }

  /** The session clock now, in microseconds, as well as this page knows it. */
  sessionNow(): number {
    return this.clockAt + (this.options.clock.now() - this.clockRead) * 1000;
  }

  start(): void {
    this.connect();
  }

  leave(): void {
    this.finish('left');
  }

  /** Skips the wait: the browser says that the network is back, or a person asked. */
  retryNow(): void {
    if (this.status.kind !== 'waiting') return;
    this.cancelTimer();
    this.connect();
  }

  /**
   * Sends a request and waits for its reply.
   * @param keep a request that may be sent twice without harm: it outlives a lost line and is sent again after it.
   */
  request(message: Request, keep = false): Promise<ServerMessage> {
    return new Promise((resolve, reject) => {
      if (this.status.kind === 'closed' || (!this.ready && !keep)) {
        reject(new RequestFailed('offline', 'not connected'));
        return;
      }
      const id = this.nextId++;
      this.pending.set(id, { message, keep, resolve, reject, cancelTimeout: () => {} });
      if (this.ready) this.transmit(id);
    });
  }

  private transmit(id: number): void {
    const entry = this.pending.get(id);
    if (entry === undefined) return;
    entry.cancelTimeout();
    entry.cancelTimeout = this.options.clock.after(REQUEST_TIMEOUT_MS, () => {
      this.pending.delete(id);
      entry.reject(new RequestFailed('timeout', `no reply to ${entry.message.t}`));
    });
    this.socket?.send(JSON.stringify({ ...entry.message, id }));
  }

  private connect(): void {
    this.cancelTimer();
    if (this.status.kind !== 'waiting') this.setStatus({ kind: 'connecting' });
    const { clock } = this.options;
    this.socket = this.options.open({
      onOpen: () => this.hello(),
      onText: (text) => this.onText(text),
      onClose: (code) => this.onClose(code),
    });
    this.heardAt = clock.now();
    this.cancelTimer = clock.after(WELCOME_TIMEOUT_MS, () => this.drop());
  }

  private hello(): void {
    this.helloId = this.nextId++;
    const hello: Request = { t: 'hello', v: PROTOCOL_VERSION, lesson: this.options.lesson };
    if (this.seat !== null) hello.resume = { seat: this.seat, last: this.last };
    this.socket?.send(JSON.stringify({ ...hello, id: this.helloId }));
  }

  private onText(text: string): void {
    this.heardAt = this.options.clock.now();
    let message: ServerMessage | UnknownEvent;
    try {
      message = parseServerMessage(text);
    } catch (error) {
      this.emit('unreadable', error instanceof BadMessage ? error.where : 'message');
      return;
    }
    this.onMessage(message);
  }

  private onMessage(message: ServerMessage | UnknownEvent): void {
    switch (message.t) {
      case 'welcome':
        return this.onWelcome(message);
      case 'event':
        return this.onEvent(message);
      case 'ok':
      case 'answer':
        return this.settle(message.id, (entry) => entry.resolve(message));
      case 'pong':
        this.setClock(message.at);
        return this.settle(message.id, (entry) => entry.resolve(message));
      case 'error':
        if (message.id === null || message.id === this.helloId) return;
        return this.settle(message.id, (entry) => entry.reject(new RequestFailed(message.code, message.message)));
      case 'slots':
        return this.emit('slots', message.map);
      case 'levels':
        return this.emit('levels', message.levels);
      case 'links':
        return this.emit('links', message.links);
      case 'observers':
        return this.emit('observers', message.count);
      case 'relief':
        return this.emit('relief', message.step);
      case 'undecodable':
        return this.emit('undecodable', message.slots);
      case 'over-rate':
        return this.emit('overRate', message.sources);
      case 'sources':
        return this.emit('sources', message.sources);
    }
  }

  private settle(id: number, how: (entry: Pending) => void): void {
    const entry = this.pending.get(id);
    if (entry === undefined) return;
    this.pending.delete(id);
    entry.cancelTimeout();
    how(entry);
  }

  private onWelcome(welcome: Welcome): void {
    const continues = welcome.resumed && this.known;
    if (!continues && welcome.state === null) {
      // A seat resumed without anything to resume on: ask for the whole state.
      this.forgetSeat();
      this.lose();
      return;
    }
    this.cancelTimer();
    this.seat = welcome.seat;
    if (!continues) this.last = welcome.last;
    this.known = true;
    this.ready = true;
    this.attempt = 0;
    this.removedTries = 0;
    this.lostSince = null;
    this.setClock(welcome.at);
    this.emit('welcome', { welcome, fresh: !continues });
    this.setStatus({ kind: 'open' });
    for (const id of [...this.pending.keys()]) this.transmit(id);
    this.ping();
  }

  private onEvent(event: LessonEvent | UnknownEvent): void {
    if (!this.known || event.n <= this.last) return;
    if (event.n > this.last + 1) {
      // A gap: come back with the last number seen and get the rest in order.
      this.drop();
      return;
    }
    this.last = event.n;
    if (event.kind !== 'unknown') this.emit('event', event);
  }

  private ping(): void {
    this.cancelPing();
    this.cancelPing = this.options.clock.after(PING_EVERY_MS, () => {
      if (!this.ready) return;
      if (this.options.clock.now() - this.heardAt > SILENCE_MS) {
        this.drop();
        return;
      }
      this.request({ t: 'ping' }).catch(() => undefined);
      this.ping();
    });
  }

  /** Gives this socket up from our side and comes back. */
  private drop(): void {
    this.socket?.close();
    this.lose();
  }

  private onClose(code: number): void {
    switch (code) {
      case CLOSE.lessonEnded:
        return this.finish('ended');
      case CLOSE.version:
        return this.finish('version');
      case CLOSE.takenOver:
        return this.finish('taken-over');
      case CLOSE.removed:
        return this.loseRemoved();
      case CLOSE.forbidden:
        return this.removedTries > 0 ? this.loseRemoved() : this.finish('forbidden');
      default:
        return this.lose();
    }
  }

  private loseRemoved(): void {
    this.forgetSeat();
    if (this.removedTries >= REMOVED_RETRIES) return this.finish('removed');
    this.removedTries += 1;
    this.retreat(REMOVED_RETRY_MS, true);
  }

  private lose(): void {
    const wait = reconnectDelay(this.attempt, this.options.random());
    this.attempt += 1;
    this.retreat(wait, false);
    if (this.attempt >= 3 && this.attempt % 3 === 0) {
      this.options.stillSignedIn().then(
        (yes) => {
          if (!yes && !this.ready) this.finish('signed-out');
        },
        () => undefined,
      );
    }
  }

  private retreat(wait: number, removed: boolean): void {
    const { clock } = this.options;
    this.socket = null;
    this.ready = false;
    this.cancelPing();
    this.cancelTimer();
    this.lostSince ??= clock.now();
    for (const [id, entry] of [...this.pending]) {
      entry.cancelTimeout();
      if (entry.keep) continue;
      this.pending.delete(id);
      entry.reject(new RequestFailed('offline', 'the line was lost'));
    }
    this.setStatus({ kind: 'waiting', since: this.lostSince, retryAt: clock.now() + wait, removed });
    this.cancelTimer = clock.after(wait, () => this.connect());
  }

  private finish(reason: ClosedReason): void {
    if (this.status.kind === 'closed') return;
    this.cancelTimer();
    this.cancelPing();
    this.socket?.close();
    this.socket = null;
    this.ready = false;
    this.setStatus({ kind: 'closed', reason });
    for (const [id, entry] of [...this.pending]) {
      entry.cancelTimeout();
      this.pending.delete(id);
      entry.reject(new RequestFailed('offline', reason));
    }
  }

  private forgetSeat(): void {
    this.seat = null;
    this.known = false;
    this.last = 0;
  }

  private setClock(at: number): void {
    this.clockAt = at;
    this.clockRead = this.options.clock.now();
  }

  private setStatus(status: SessionStatus): void {
    this.status = status;
    this.emit('status', status);
  }
}
