import type { MessageKey } from '../i18n';

const WORDS: Record<string, MessageKey> = {
  unreachable: 'error.unreachable',
  offline: 'error.unreachable',
  timeout: 'error.timeout',
  forbidden: 'error.forbidden',
  'not-found': 'error.notFound',
  'not-live': 'error.notLive',
  conflict: 'error.conflict',
  'too-fast': 'error.tooFast',
  overloaded: 'error.overloaded',
};

/** What went wrong, in words a teacher can act on; never a code. */
export function sayError(code: string): MessageKey {
  return WORDS[code] ?? 'error.internal';
}
