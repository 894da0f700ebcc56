import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useT } from '../i18n';
import { CHAT_MAX, type ChatEvent } from '../protocol/messages';
import { clockText } from '../state/format';
import { Button } from './button';

export function ChatLines({ lines, empty }: { lines: ChatEvent[]; empty: string }) {
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    // Newer browsers return a promise here, which an effect must not.
    void end.current?.scrollIntoView({ block: 'nearest' });
  }, [lines.length]);
  if (lines.length === 0) return <p className="quiet chat-empty">{empty}</p>;
  return (
    <ul className="chat-lines" data-testid="chat-lines" aria-live="polite">
      {lines.map((line) => (
        <li key={line.n}>
          <span className="who">{line.name}</span> <span className="quiet num">{clockText(line.at)}</span>
          <p>{line.text}</p>
        </li>
      ))}
      <li ref={end} aria-hidden="true" />
    </ul>
  );
}

/** The draft is kept over a reload, and stays in the box until the server has taken it. */
export function ChatBox({ lines, draftKey, onSend }: { lines: ChatEvent[]; draftKey: string; onSend: (text: string) => Promise<void> }) {
  const t = useT();
  const [text, setText] = useState(() => sessionStorage.getItem(draftKey) ?? '');
  const [problem, setProblem] = useState(false);
  const change = (next: string) => {
    setText(next);
    sessionStorage.setItem(draftKey, next);
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    const trimmed = text.trim();
    if (trimmed === '') return;
    onSend(trimmed).then(
      () => {
        setProblem(false);
        change('');
      },
      () => setProblem(true),
    );
  };
  return (
    <section className="chat" aria-label={t('chat.title')}>
      <ChatLines lines={lines} empty={t('chat.empty')} />
      {problem && <p className="problem" role="alert">{t('chat.notSent')}</p>}
      <form onSubmit={send}>
        <input className="input" data-testid="chat-input" value={text} maxLength={CHAT_MAX} placeholder={t('chat.placeholder')} aria-label={t('chat.placeholder')} onChange={(event) => change(event.target.value)} />
        <Button type="submit" data-testid="chat-send">{t('chat.send')}</Button>
      </form>
    </section>
  );
}
