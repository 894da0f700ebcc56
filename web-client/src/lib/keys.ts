import { useEffect, useRef } from 'react';

export interface Keys {
  onDown: (key: string, event: KeyboardEvent) => void;
  onUp?: (key: string) => void;
}

/** Typing in a box is typing; a focused button keeps its own space and enter. */
export function isTyping(target: { tagName: string } | null): boolean {
  return target !== null && ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** Keyboard shortcuts of a page. Keys held down arrive once. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const held = new Set<string>();
    const down = (event: KeyboardEvent) => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target as HTMLElement | null)) return;
      if (event.key === ' ' && (event.target as HTMLElement | null)?.tagName === 'BUTTON') return;
      const key = event.key.toLowerCase();
      held.add(key);
      latest.current.onDown(key, event);
    };
    // Only what went down here comes up here: a key pressed in a text box is none of the page's.
    const up = (event: KeyboardEvent) => {
      const key = event.key.toLowerCase();
      if (held.delete(key)) latest.current.onUp?.(key);
    };
    window.addEventListener('keydown', down);
    window.addEventListener('keyup', up);
    return () => {
      window.removeEventListener('keydown', down);
      window.removeEventListener('keyup', up);
    };
  }, []);
}
