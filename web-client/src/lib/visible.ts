import type { Look } from '../state/outlook';

/** A picture is asked for a little before it scrolls into sight. */
const MARGIN = '64px';

/** Tells `look` whether the element can be seen; the returned function ends it. */
export function watchVisible(element: Element, look: Look): () => void {
  const observer = new IntersectionObserver((entries) => {
    const latest = entries.at(-1);
    if (latest !== undefined) look.see(latest.isIntersecting);
  }, { rootMargin: MARGIN });
  observer.observe(element);
  return () => {
    observer.disconnect();
    look.end();
  };
}
