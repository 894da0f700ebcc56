// Addresses to pages. Each page is its own chunk, so that the class page loads nothing of the player.
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

import type { PageProps } from './lib/navigate';

type Page = LazyExoticComponent<ComponentType<PageProps>>;
const page = (load: () => Promise<{ default: ComponentType<PageProps> }>): Page => lazy(load);

const ROUTES: { pattern: RegExp; page: Page }[] = [
  { pattern: /^\/$/, page: page(() => import('./pages/today')) },
  { pattern: /^\/enter$/, page: page(() => import('./pages/enter')) },
  { pattern: /^\/sign-in$/, page: page(() => import('./pages/sign_in')) },
  { pattern: /^\/check$/, page: page(() => import('./pages/check')) },
  { pattern: /^\/lesson\/([^/]+)\/teach$/, page: page(() => import('./pages/teach')) },
  { pattern: /^\/lesson\/([^/]+)\/class$/, page: page(() => import('./pages/class_screen')) },
  { pattern: /^\/lesson\/([^/]+)\/observe$/, page: page(() => import('./pages/observe')) },
  { pattern: /^\/live\/([^/]+)$/, page: page(() => import('./pages/live')) },
  { pattern: /^\/library$/, page: page(() => import('./pages/library')) },
  { pattern: /^\/library\/([^/]+)$/, page: page(() => import('./pages/player')) },
  { pattern: /^\/gallery$/, page: page(() => import('./pages/gallery')) },
];

export function matchRoute(path: string): { page: Page; id: string } | null {
  for (const { pattern, page: found } of ROUTES) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const id = decoded(match[1] ?? '');
    return id === null ? null : { page: found, id };
  }
  return null;
}

/** Null for a percent sign that encodes nothing: an address that somebody mistyped. */
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
