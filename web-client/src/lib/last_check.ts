const KEY = 'tongke.check';

/** How the last device check on this computer ended; null when there was none. */
export function lastCheck(): boolean | null {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === null ? null : stored === 'good';
  } catch {
    return null;
  }
}

export function rememberCheck(isGood: boolean): void {
  try {
    localStorage.setItem(KEY, isGood ? 'good' : 'problem');
  } catch {
    // Without storage the next page says that nothing was checked.
  }
}
