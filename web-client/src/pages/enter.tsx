import { useEffect, useRef, useState } from 'react';
import { useT, type MessageKey } from '../i18n';
import { ApiError, exchangeToken, type Me } from '../lib/api';
import { go } from '../lib/navigate';
import { lessonPath } from '../state/lessons';
import { Button } from '../ui/button';
import { Notice } from '../ui/notice';
import { useTheme } from '../ui/theme';

function destination(me: Me): string {
  if (me.role === 'person' || !me.lesson) return '/';
  return lessonPath({ id: me.lesson, role: me.role });
}

/** A link with a token: exchanged for the cookie at once, so that it stands in no history and in no shared screen. */
export default function Enter() {
  const t = useT();
  useTheme('light');
  const [problem, setProblem] = useState<MessageKey | null>(null);
  const token = useRef<string | null>(null);
  const isRunning = useRef(false);
  const enter = () => {
    const secret = token.current;
    if (secret === null || secret === '') {
      setProblem('enter.noToken');
      return;
    }
    setProblem(null);
    exchangeToken(secret).then(
      (me) => go(destination(me), { replace: true }),
      (error: unknown) => setProblem(error instanceof ApiError && error.status === 0 ? 'error.unreachable' : 'enter.badToken'),
    );
  };
  useEffect(() => {
    if (isRunning.current) return;
    isRunning.current = true;
    token.current = new URLSearchParams(window.location.search).get('token');
    history.replaceState(null, '', '/enter');
    enter();
  });
  if (problem === null) return <Notice title={t('enter.working')} />;
  const action = problem === 'error.unreachable'
    ? <Button kind="primary" onClick={enter}>{t('app.retry')}</Button>
    : <Button onClick={() => go('/sign-in')}>{t('signIn.title')}</Button>;
  return <Notice title={t(problem)} action={action} testId="enter-problem" />;
}
