import { describe, expect, it } from 'vitest';
import { ManualClock } from '../lib/clock';
import type { SlotMap, VideoSlot } from '../protocol/messages';
import { HIDE_AFTER_MS, Outlook } from './outlook';

const SLOTS: VideoSlot[] = ['teacher', 'screen', 'stage', 'wall-0', 'wall-1'];
const fed = (...slots: string[]): SlotMap => Object.fromEntries(SLOTS.map((slot) => [slot, slots.includes(slot) ? { p: 'x', source: 'camera' } : null]));

function page() {
  const clock = new ManualClock();
  const said: VideoSlot[][] = [];
  const outlook = new Outlook({ clock, slots: SLOTS, say: (hidden) => said.push(hidden) });
  return { clock, said, outlook };
}

describe('what a page shows', () => {
  it('says within a second that a picture went out of sight, and at once that it is back', () => {
    const { clock, said, outlook } = page();
    const look = outlook.look('wall-0');
    look.see(true);
    outlook.setFed(fed('wall-0'));
    clock.advance(5000);
    expect(said).toEqual([]);
    look.see(false);
    expect(said).toEqual([]);
    clock.advance(1000);
    expect(said).toEqual([['wall-0']]);
    look.see(true);
    expect(said.at(-1)).toEqual([]);
  });

  it('says nothing of what scrolls through', () => {
    const { clock, said, outlook } = page();
    outlook.setFed(fed('wall-0'));
    const look = outlook.look('wall-0');
    for (let i = 0; i < 5; i += 1) {
      look.see(true);
      clock.advance(1000);
      look.see(false);
      clock.advance(HIDE_AFTER_MS - 1);
    }
    expect(said).toEqual([]);
  });

  it('hides a picture that stands nowhere on the page, and leaves an empty slot ready for its next one', () => {
    const { clock, said, outlook } = page();
    outlook.setFed(fed('wall-0'));
    clock.advance(1000);
    expect(said).toEqual([['wall-0']]);
  });

  it('does not hide what stands in two places while one is in sight', () => {
    const { clock, said, outlook } = page();
    outlook.setFed(fed('stage'));
    const large = outlook.look('stage');
    const tile = outlook.look('stage');
    large.see(true);
    tile.see(true);
    tile.end();
    clock.advance(1000);
    expect(said).toEqual([]);
  });

  it('says what came into sight without waiting for what leaves', () => {
    const { clock, said, outlook } = page();
    outlook.setFed(fed('wall-0', 'wall-1'));
    const first = outlook.look('wall-0');
    const second = outlook.look('wall-1');
    first.see(true);
    clock.advance(1000);
    expect(said).toEqual([['wall-1']]);
    second.see(true);
    first.see(false);
    expect(said.at(-1)).toEqual([]);
    clock.advance(1000);
    expect(said.at(-1)).toEqual(['wall-0']);
    expect(said).toHaveLength(3);
  });

  it('hides everything at once in the background or when only sound is wanted, also what is fed later', () => {
    for (const turn of ['setAway', 'setOff'] as const) {
      const { said, outlook } = page();
      outlook.look('teacher').see(true);
      outlook.setFed(fed('teacher'));
      outlook[turn](true);
      expect(said).toEqual([SLOTS]);
      outlook.setFed(fed('teacher', 'screen'));
      expect(said).toHaveLength(1);
      expect(outlook.hides('teacher')).toBe(true);
      outlook[turn](false);
      expect(said.at(-1)).not.toContain('teacher');
    }
  });

  it('says all of it again to a server that may have forgotten', () => {
    const { clock, said, outlook } = page();
    outlook.setFed(fed('wall-1'));
    clock.advance(1000);
    outlook.again();
    expect(said).toEqual([['wall-1'], ['wall-1']]);
  });

  it('says nothing more when it has stopped', () => {
    const { clock, said, outlook } = page();
    outlook.setFed(fed('wall-1'));
    outlook.stop();
    clock.advance(1000);
    expect(said).toEqual([]);
  });
});
