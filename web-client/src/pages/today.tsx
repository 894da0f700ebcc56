import { useCallback, useEffect, useState } from 'react';
import { useLanguage, useT, type MessageKey } from '../i18n';
import { listLessons, signOut, whoAmI } from '../lib/api';
import { useLoad } from '../lib/load';
import { lastCheck } from '../lib/last_check';
import { sayError } from '../lib/say_error';
import { go } from '../lib/navigate';
import { countdown } from '../state/format';
import { byDay, lessonPath, nextLesson, type LessonEntry } from '../state/lessons';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { Notice } from '../ui/notice';
import { useTheme } from '../ui/theme';
import { Top } from '../ui/top';
import './today.css';

function useNowUs(): number {
  const [now, setNow] = useState(() => Date.now() * 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() * 1000), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

const ENTER: Record<LessonEntry['role'], MessageKey> = {
  teacher: 'today.enterTeach',
  class: 'today.enterClass',
  observer: 'today.enterObserve',
};

function When({ lesson }: { lesson: LessonEntry }) {
  const t = useT();
  const left = countdown(lesson.scheduledAt, useNowUs());
  if (lesson.state === 'live') return <Badge kind="live" dot>{t('today.live')}</Badge>;
  if (left.kind === 'days') return <span>{t('today.inDays', { days: left.days })}</span>;
  return <span className="num">{left.kind === 'clock' ? t('today.in', { time: left.text }) : t('today.now')}</span>;
}

function CheckState() {
  const t = useT();
  const last = lastCheck();
  const words: MessageKey = last === null ? 'today.checkNever' : last ? 'today.checkGood' : 'today.checkProblem';
  return (
    <div className="check-state">
      <Badge kind={last === true ? 'speak' : last === null ? 'plain' : 'weak'}>{t(words)}</Badge>
      <Button onClick={() => go('/check')} data-testid="go-check">{t('today.checkNow')}</Button>
    </div>
  );
}

function Next({ lesson }: { lesson: LessonEntry }) {
  const t = useT();
  return (
    <section className="next" aria-label={t('today.next')}>
      <p className="quiet">{t('today.next')}</p>
      <h2>{lesson.topic}</h2>
      <p>{[lesson.subject, lesson.grade, lesson.school, lesson.teacher].filter(Boolean).join(' · ')}</p>
      <p className="when"><When lesson={lesson} /></p>
      <Button kind="primary" size="big" data-testid="enter-lesson" onClick={() => go(lessonPath(lesson))}>{t(ENTER[lesson.role])}</Button>
      <CheckState />
    </section>
  );
}

export function kindName(t: ReturnType<typeof useT>, kind: string): string {
  const key = `kind.${kind}` as MessageKey;
  const words = t(key);
  return words === key ? kind : words;
}

function Row({ lesson }: { lesson: LessonEntry }) {
  const t = useT();
  const language = useLanguage();
  const at = lesson.scheduledAt || lesson.startedAt;
  const time = at > 0 ? new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' }).format(at / 1000) : '';
  const isOver = lesson.state === 'ended';
  const path = isOver ? `/library/${encodeURIComponent(lesson.id)}` : lessonPath(lesson);
  return (
    <li className="lesson-row">
      <span className="num time">{time}</span>
      <span className="what">
        <strong>{lesson.topic}</strong>
        <span className="quiet">{[kindName(t, lesson.kind), lesson.subject, lesson.grade, lesson.teacher, t('today.classes', { count: lesson.classes.length })].filter(Boolean).join(' · ')}</span>
      </span>
      <Badge kind={lesson.state === 'live' ? 'live' : 'plain'}>{t(`today.state.${lesson.state}`)}</Badge>
      <Button onClick={() => go(path)}>{t(isOver ? 'today.watch' : ENTER[lesson.role])}</Button>
    </li>
  );
}

function Days({ lessons }: { lessons: LessonEntry[] }) {
  const t = useT();
  const language = useLanguage();
  const day = new Intl.DateTimeFormat(language, { month: 'long', day: 'numeric', weekday: 'long' });
  return (
    <section className="days">
      <h2>{t('today.week')}</h2>
      {byDay(lessons).map((one) => (
        <div key={one.start}>
          <h3>{day.format(one.start)}</h3>
          <ul>{one.lessons.map((lesson) => <Row key={lesson.id} lesson={lesson} />)}</ul>
        </div>
      ))}
    </section>
  );
}

export default function Today() {
  const t = useT();
  useTheme('light');
  const [loaded, reload] = useLoad(useCallback(async () => ({ me: await whoAmI(), lessons: await listLessons() }), []));
  if (loaded.state === 'loading') return <Notice title={t('app.loading')} />;
  if (loaded.state === 'failed') {
    return <Notice title={t(sayError(loaded.error.code))} action={<Button kind="primary" onClick={reload}>{t('app.retry')}</Button>} />;
  }
  const { me, lessons } = loaded.value;
  const next = nextLesson(lessons);
  const leave = () => void signOut().finally(() => go('/sign-in'));
  return (
    <>
      <Top>
        <Button kind="bare" onClick={() => go('/library')}>{t('app.library')}</Button>
        <Button kind="bare" onClick={leave}>{t('app.signOut')}</Button>
      </Top>
      <main className="page today">
        <h1>{t('today.hello', { name: me.name })}</h1>
        {next === undefined
          ? <section className="next"><h2>{t('today.none')}</h2><p className="quiet">{t('today.noneHint')}</p><CheckState /></section>
          : <Next lesson={next} />}
        {lessons.length > 0 && <Days lessons={lessons} />}
      </main>
    </>
  );
}
