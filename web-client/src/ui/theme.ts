import { useLayoutEffect } from 'react';

/** Light for desks, dark for rooms. */
export function useTheme(theme: 'light' | 'dark'): void {
  useLayoutEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    return () => {
      delete document.documentElement.dataset['theme'];
    };
  }, [theme]);
}
