import { useEffect, useRef, useState, type PointerEvent, type ReactNode } from 'react';
import { useT } from '../i18n';
import { useKeys } from '../lib/keys';
import { useStore } from '../lib/store';
import type { Participant } from '../protocol/messages';
import type { Room } from '../rtc/room';
import type { LessonState } from '../state/lesson';
import { attendance, slotOf } from '../state/tiles';
import { TURN_EVERY_MS, swipe, turnOfKey, turned, wallPage, wallWish, type WallPage } from '../state/wall';
import { Button } from '../ui/button';
import { ClassTile } from '../ui/class_tile';
import { Icon } from '../ui/icons';
import { SlotVideo } from '../ui/slot_video';
import './wall.css';

interface WallActs {
  onCall: (one: Participant) => void;
  onMute: (one: Participant) => void;
  onRemove: (one: Participant) => void;
}

interface WallProps {
  room: Room;
  state: LessonState;
  /** Absent for those who only watch. */
  acts?: WallActs;
  /** Beside the count. */
  badge?: ReactNode;
  /** Below the pictures. */
  children?: ReactNode;
}

/** More classes than this stand closer together. */
const ROOMY = 6;

/** All classes of the lesson, a page of pictures at a time. */
export function Wall({ room, state, acts, badge, children }: WallProps) {
  const t = useT();
  const slots = useStore(room.slots);
  const [asked, setAsked] = useState(0);
  const [turns, setTurns] = useState(false);
  const count = attendance(state.participants);
  const view = wallPage(state.participants, asked);
  const pages = view.pages.length;
  const wish = wallWish(view.classes, state.stage, pages);
  const wishKey = wish === null ? '' : wish.join(' ');
  useEffect(() => room.setWall(wishKey === '' ? [] : wishKey.split(' ')), [room, wishKey]);
  const go = (by: number) => setAsked(turned(view.page, by, pages));
  useKeys({
    onDown: (key, event) => {
      const by = turnOfKey(key);
      if (by === 0 || pages < 2) return;
      event.preventDefault();
      go(by);
    },
  });
  useEffect(() => {
    if (!turns || pages < 2) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setAsked((page) => turned(Math.min(page, pages - 1), 1, pages, true));
    }, TURN_EVERY_MS);
    return () => clearInterval(timer);
  }, [turns, pages, asked]);
  const finger = useSwipe(go);
  const names = ['wall-tiles', view.classes.length > ROOMY || pages > 1 ? 'many' : ''].filter(Boolean).join(' ');
  return (
    <section className="wall" aria-label={t('teach.wall')} data-testid="wall">
      <div className="wall-head">
        <h2>{t('teach.wall')}</h2>
        <span className="quiet num">{t('teach.wallCount', { ...count })}</span>
        {badge}
      </div>
      {count.classes === 0 && <p className="quiet">{t('teach.wallEmpty')}</p>}
      <div className={names} {...finger}>
        {view.classes.map((one) => {
          const slot = slotOf(slots, one.p);
          return (
            <ClassTile key={one.p} participant={one} picture={slot === null ? null : <SlotVideo room={room} slot={slot} label={one.name} />}
              {...(acts === undefined ? {} : { onCall: () => acts.onCall(one), onMute: () => acts.onMute(one), onRemove: () => acts.onRemove(one) })} />
          );
        })}
      </div>
      {pages > 1 && <Pages view={view} turns={turns} onTurns={setTurns} onGo={setAsked} />}
      {children}
    </section>
  );
}

interface PagesProps {
  view: WallPage;
  turns: boolean;
  onTurns: (on: boolean) => void;
  onGo: (page: number) => void;
}

function Pages({ view, turns, onTurns, onGo }: PagesProps) {
  const t = useT();
  const { page, pages } = view;
  return (
    <nav className="wall-pages" aria-label={t('wall.pages')}>
      <Button kind="bare" data-testid="wall-previous" aria-label={t('wall.previous')} disabled={page === 0} onClick={() => onGo(page - 1)}>‹</Button>
      {pages.map((one, n) => (
        <button key={one.from} type="button" className={`page-dot ${one.hasHand ? 'hand' : ''}`} data-testid={`wall-page-${n}`} aria-current={n === page ? 'page' : undefined}
          aria-label={t(one.hasHand ? 'wall.pageHand' : 'wall.page', { from: one.from, to: one.to })} title={t('wall.page', { from: one.from, to: one.to })} onClick={() => onGo(n)}>
          {one.hasHand ? <Icon name="hand" size={16} /> : <span className="dot" />}
        </button>
      ))}
      <Button kind="bare" data-testid="wall-next" aria-label={t('wall.next')} disabled={page === pages.length - 1} onClick={() => onGo(page + 1)}>›</Button>
      <span className="spring" />
      <Button size="small" on={turns} data-testid="wall-turning" onClick={() => onTurns(!turns)}>{t('wall.turning')}</Button>
    </nav>
  );
}

/** A finger that wipes over the pictures turns the page; its click is then no call. */
function useSwipe(go: (by: number) => void) {
  const from = useRef<{ x: number; y: number } | null>(null);
  const swallow = useRef(false);
  return {
    onPointerDown: (event: PointerEvent) => {
      swallow.current = false;
      from.current = event.pointerType === 'touch' ? { x: event.clientX, y: event.clientY } : null;
    },
    onPointerUp: (event: PointerEvent) => {
      if (from.current === null) return;
      const by = swipe(from.current, { x: event.clientX, y: event.clientY });
      from.current = null;
      if (by === 0) return;
      swallow.current = true;
      go(by);
    },
    onPointerCancel: () => {
      from.current = null;
    },
    onClickCapture: (event: { stopPropagation(): void; preventDefault(): void }) => {
      if (!swallow.current) return;
      swallow.current = false;
      event.stopPropagation();
      event.preventDefault();
    },
  };
}
