import { useState, type FormEvent } from 'react';
import { useT, type MessageKey } from '../i18n';
import { ApiError, signIn } from '../lib/api';
import { go } from '../lib/navigate';
import { Button } from '../ui/button';
import { Field } from '../ui/field';
import { useTheme } from '../ui/theme';
import { LanguageButton } from '../ui/top';
import './sign_in.css';

/** Only a path of our own: a link must not send a person elsewhere after signing in. */
export function safeTarget(search: string): string {
  const to = new URLSearchParams(search).get('to') ?? '/';
  return /^\/(?![/\\])/.test(to) ? to : '/';
}

function wordsFor(error: unknown): MessageKey {
  if (!(error instanceof ApiError)) return 'error.internal';
  if (error.status === 0) return 'error.unreachable';
  if (error.status === 429) return 'signIn.tooMany';
  return error.status === 401 || error.status === 400 ? 'signIn.wrong' : 'error.internal';
}

export default function SignIn() {
  const t = useT();
  useTheme('light');
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<MessageKey | null>(null);
  const [isWorking, setWorking] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (login.trim() === '' || password === '' || isWorking) return;
    setWorking(true);
    setProblem(null);
    signIn(login.trim(), password)
      .then(() => go(safeTarget(window.location.search), { replace: true }), (error: unknown) => setProblem(wordsFor(error)))
      .finally(() => setWorking(false));
  };
  return (
    <div className="sign-in">
      <main>
        <div className="sign-in-head">
          <img src="/icon.svg" width={64} height={64} alt="" />
          <h1>{t('app.name')}</h1>
          <p className="quiet">{t('signIn.tagline')}</p>
        </div>
        <form onSubmit={submit}>
          <Field label={t('signIn.login')} name="username" autoComplete="username" autoFocus required value={login} onChange={(e) => setLogin(e.target.value)} data-testid="login" />
          <Field label={t('signIn.password')} name="password" type="password" autoComplete="current-password" required value={password}
            onChange={(e) => setPassword(e.target.value)} problem={problem === null ? null : t(problem)} data-testid="password" />
          <Button type="submit" kind="primary" disabled={isWorking} data-testid="sign-in">{t(isWorking ? 'signIn.working' : 'signIn.submit')}</Button>
        </form>
        <LanguageButton />
      </main>
    </div>
  );
}
