import { useCallback, useEffect, useState } from 'react';
import { go } from './navigate';
import { ApiError } from './api';

export type Loaded<T> = { state: 'loading' } | { state: 'ready'; value: T } | { state: 'failed'; error: ApiError };

/** Loads something when the page opens. Who is not signed in goes to the sign-in page and comes back. */
export function useLoad<T>(load: () => Promise<T>): [Loaded<T>, () => void] {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    load().then(
      (value) => {
        if (isCurrent) setLoaded({ state: 'ready', value });
      },
      (error: unknown) => {
        if (!isCurrent) return;
        const known = error instanceof ApiError ? error : new ApiError(0, 'internal', String(error));
        if (known.status === 401) go(`/sign-in?to=${encodeURIComponent(window.location.pathname)}`, { replace: true });
        else setLoaded({ state: 'failed', error: known });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [load, round]);
  return [loaded, useCallback(() => {
    setLoaded({ state: 'loading' });
    setRound((n) => n + 1);
  }, [])];
}
