// The wall of classes in pages of as many pictures as the connection has room for. Pure.
import { WALL_SLOTS, type Participant, type ParticipantId } from '../protocol/messages';
import { wallOrder } from './tiles';

export const WALL_PAGE = WALL_SLOTS;
/** Long enough to look each class of a page in the face. */
export const TURN_EVERY_MS = 12_000;
/** A finger that moves less means something else. */
const SWIPE_PX = 48;

export interface WallPage {
  /** From 0; the nearest one that there is to the one that was asked for. */
  page: number;
  /** One per page, in order. */
  pages: { from: number; to: number; hasHand: boolean }[];
  classes: Participant[];
}

export function wallPage(participants: readonly Participant[], asked: number): WallPage {
  const all = wallOrder(participants);
  const count = Math.max(1, Math.ceil(all.length / WALL_PAGE));
  const page = Math.min(Math.max(0, asked), count - 1);
  const cut = (n: number) => all.slice(n * WALL_PAGE, (n + 1) * WALL_PAGE);
  const pages = Array.from({ length: count }, (_, n) => {
    const part = cut(n);
    return { from: n * WALL_PAGE + 1, to: n * WALL_PAGE + part.length, hasHand: part.some((one) => one.hand) };
  });
  return { page, pages, classes: cut(page) };
}

/** By hand a wall ends at its ends; turning by itself it begins again. */
export function turned(page: number, by: number, count: number, wraps = false): number {
  const next = page + by;
  return wraps ? (next + count) % count : Math.min(Math.max(0, next), count - 1);
}

/**
 * Whose pictures the page asks for, most wanted first. Who is on the stage is not asked for: that picture comes large
 * already. Null while the server's own choice does: all classes in order of arrival, while they fit.
 */
export function wallWish(classes: readonly Participant[], stage: ParticipantId | null, pages: number): ParticipantId[] | null {
  if (pages < 2) return null;
  return classes.filter((one) => one.p !== stage).map((one) => one.p);
}

/** Pages to turn for a finger that moved from `a` to `b`: to the left shows the next. */
export function swipe(a: { x: number; y: number }, b: { x: number; y: number }): -1 | 0 | 1 {
  const x = b.x - a.x;
  const y = b.y - a.y;
  if (Math.abs(x) < SWIPE_PX || Math.abs(x) < 2 * Math.abs(y)) return 0;
  return x < 0 ? 1 : -1;
}

/** Pages to turn for a key (lower case). */
export function turnOfKey(key: string): -1 | 0 | 1 {
  if (key === 'arrowright' || key === 'pagedown') return 1;
  return key === 'arrowleft' || key === 'pageup' ? -1 : 0;
}
