import { describe, expect, it } from 'vitest';
import { aParticipant } from './fixtures';
import { swipe, turned, turnOfKey, WALL_PAGE, wallPage, wallWish } from './wall';

const school = (n: number, more = {}) => aParticipant({ p: `c${n}`, ...more });
const forty = Array.from({ length: 40 }, (_, n) => school(n));
const ids = (list: readonly { p: string }[]) => list.map((one) => one.p);

describe('a wall of forty classes', () => {
  it('shows every class on exactly one page, in order of arrival', () => {
    const shown = [0, 1, 2, 3].flatMap((page) => ids(wallPage(forty, page).classes));
    expect(shown).toEqual(ids(forty));
    expect(wallPage(forty, 0).classes).toHaveLength(WALL_PAGE);
    expect(wallPage(forty, 3).classes).toHaveLength(4);
    expect(wallPage(forty, 0).pages.map((one) => [one.from, one.to])).toEqual([[1, 12], [13, 24], [25, 36], [37, 40]]);
  });

  it('brings a raised hand of any page to the first, and says on which pages hands are', () => {
    const raised = forty.map((one, n) => (n === 30 ? { ...one, hand: true, handAt: 5 } : one));
    expect(wallPage(raised, 0).classes[0]?.p).toBe('c30');
    expect(wallPage(raised, 2).pages.map((one) => one.hasHand)).toEqual([true, false, false, false]);
  });

  it('stays on a page that there is when classes leave', () => {
    expect(wallPage(forty.slice(0, 13), 3).page).toBe(1);
    expect(wallPage([], 3)).toEqual({ page: 0, pages: [{ from: 1, to: 0, hasHand: false }], classes: [] });
  });

  it('asks for the pictures of its page and not for the one that is large on the stage', () => {
    const { classes, pages } = wallPage(forty, 1);
    expect(wallWish(classes, 'c13', pages.length)).toEqual(ids(classes).filter((p) => p !== 'c13'));
    expect(wallWish(classes, null, pages.length)).toHaveLength(WALL_PAGE);
  });

  it('leaves the choice to the server while all classes fit', () => {
    const { classes, pages } = wallPage(forty.slice(0, WALL_PAGE), 0);
    expect(wallWish(classes, null, pages.length)).toBeNull();
  });
});

describe('turning pages', () => {
  it('ends at the ends by hand and begins again by itself', () => {
    expect([turned(0, -1, 4), turned(3, 1, 4), turned(1, 1, 4)]).toEqual([0, 3, 2]);
    expect([turned(3, 1, 4, true), turned(0, -1, 4, true)]).toEqual([0, 3]);
  });

  it('knows its keys and no other', () => {
    expect(['arrowright', 'pagedown', 'arrowleft', 'pageup', ' ', 'h'].map(turnOfKey)).toEqual([1, 1, -1, -1, 0, 0]);
  });

  it('takes a wide flat movement for a swipe, and neither a tap nor a scroll', () => {
    const from = { x: 200, y: 200 };
    expect(swipe(from, { x: 120, y: 210 })).toBe(1);
    expect(swipe(from, { x: 280, y: 190 })).toBe(-1);
    expect(swipe(from, { x: 190, y: 205 })).toBe(0);
    expect(swipe(from, { x: 140, y: 320 })).toBe(0);
  });
});
