// The address bar: where the page is and how it goes elsewhere. What stands at an address is the router's business.
import { useSyncExternalStore } from 'react';

export interface PageProps {
  /** The variable part of the address, decoded; empty when there is none. */
  id: string;
}

const MOVED = 'tongke:moved';

export function go(path: string, options: { replace?: boolean } = {}): void {
  if (options.replace === true) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  window.dispatchEvent(new Event(MOVED));
}

const watch = (watcher: () => void) => {
  window.addEventListener('popstate', watcher);
  window.addEventListener(MOVED, watcher);
  return () => {
    window.removeEventListener('popstate', watcher);
    window.removeEventListener(MOVED, watcher);
  };
};

export function usePath(): string {
  return useSyncExternalStore(watch, () => window.location.pathname);
}
