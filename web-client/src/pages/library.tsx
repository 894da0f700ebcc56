import { useCallback, useState } from 'react';
import { useLanguage, useT } from '../i18n';
import { listRecordings, type RecordingEntry } from '../lib/api';
import { useLoad } from '../lib/load';
import { sayError } from '../lib/say_error';
import { go } from '../lib/navigate';
import { clockText } from '../state/format';
import { matches } from '../state/measure';
import { Button } from '../ui/button';
import { Field } from '../ui/field';
import { Icon } from '../ui/icons';
import { Notice } from '../ui/notice';
import { Table, type Column } from '../ui/table';
import { useTheme } from '../ui/theme';
import { Top } from '../ui/top';
import './library.css';

export default function Library() {
  const t = useT();
  const language = useLanguage();
  useTheme('light');
  const [words, setWords] = useState('');
  const [loaded, reload] = useLoad(useCallback(() => listRecordings(), []));
  if (loaded.state === 'loading') return <Notice title={t('app.loading')} />;
  if (loaded.state === 'failed') {
    return <Notice title={t(sayError(loaded.error.code))} action={<Button kind="primary" onClick={reload}>{t('app.retry')}</Button>} />;
  }
  const date = new Intl.DateTimeFormat(language, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
  const open = (one: RecordingEntry) => go(`/library/${encodeURIComponent(one.lesson.id)}`);
  const columns: Column<RecordingEntry>[] = [
    { title: t('library.topic'), cell: ({ lesson }) => <><strong>{lesson.topic}</strong><br /><span className="quiet">{[lesson.subject, lesson.grade].filter(Boolean).join(' · ')}</span></> },
    { title: t('library.teacher'), cell: ({ lesson }) => <>{lesson.teacher}<br /><span className="quiet">{lesson.school}</span></> },
    { title: t('library.date'), cell: ({ lesson }) => <span className="num">{lesson.startedAt > 0 ? date.format(lesson.startedAt / 1000) : ''}</span> },
    { title: t('library.length'), cell: (one) => <span className="num">{clockText(one.durationUs)}</span> },
    { title: '', cell: (one) => <Button kind="primary" data-testid={`play-${one.lesson.id}`} onClick={() => open(one)}><Icon name="play" />{t('library.play')}</Button> },
  ];
  const shown = loaded.value.filter(({ lesson }) => matches(words, [lesson.topic, lesson.subject, lesson.grade, lesson.teacher, lesson.school]));
  return (
    <>
      <Top><Button kind="bare" onClick={() => go('/')}>{t('app.today')}</Button></Top>
      <main className="page library">
        <h1>{t('library.title')}</h1>
        {loaded.value.length === 0
          ? <div className="library-empty"><h2>{t('library.empty')}</h2><p className="quiet">{t('library.emptyHint')}</p></div>
          : <><Field label={t('library.search')} type="search" value={words} onChange={(event) => setWords(event.target.value)} /><Table columns={columns} rows={shown} rowKey={(one) => one.lesson.id} /></>}
      </main>
    </>
  );
}
