import { useState } from 'react';
import { useT, setLanguage, useLanguage } from '../i18n';
import type { Participant } from '../protocol/messages';
import { Badge } from '../ui/badge';
import { Bar } from '../ui/bar';
import { Button } from '../ui/button';
import { ClassTile } from '../ui/class_tile';
import { Dialog } from '../ui/dialog';
import { Choice, Field } from '../ui/field';
import { Icon } from '../ui/icons';
import { LinkBadge } from '../ui/link_words';
import { Table } from '../ui/table';
import { Timeline } from '../ui/timeline';
import { Toasts, useToasts } from '../ui/toast';
import { useTheme } from '../ui/theme';
import './gallery.css';

const someone: Participant = {
  p: 'g1', role: 'class', name: '中房小学 三年级二班', school: '中房小学', classId: '', headcount: 32, online: true, hand: false, handAt: 0,
  onStage: false, muted: false, mutedBy: null, mic: true, camera: true, screen: false, link: 'good', speaking: false,
};
const TILES: Partial<Participant>[] = [{}, { hand: true }, { speaking: true }, { muted: true, mutedBy: 'teacher' }, { link: 'weak' }, { online: false, link: 'lost' }, { onStage: true }];
const MINUTE = 60_000_000;

/** Every part in every state, to be looked at in both themes and both languages. */
export default function Gallery() {
  const t = useT();
  const language = useLanguage();
  const [theme, setTheme] = useState<'light' | 'dark'>(() => (new URLSearchParams(window.location.search).get('theme') === 'dark' ? 'dark' : 'light'));
  const [isOpen, setOpen] = useState(false);
  const [atUs, setAt] = useState(12 * MINUTE);
  const { toasts, drop, show } = useToasts();
  useTheme(theme);
  const nothing = () => undefined;
  return (
    <main className="page gallery">
      <div className="gallery-row">
        <h1>{t('gallery.title')}</h1>
        <Button onClick={() => setTheme(theme === 'light' ? 'dark' : 'light')}>{theme}</Button>
        <Button onClick={() => setLanguage(language === 'en' ? 'zh-CN' : 'en')}>{t('app.language')}</Button>
      </div>
      <div className="gallery-row">
        <Button>{t('app.retry')}</Button><Button kind="primary">{t('today.enterClass')}</Button><Button kind="danger">{t('teach.end')}</Button>
        <Button on><Icon name="micOff" />{t('teach.unmute')}</Button><Button disabled>{t('teach.cameraOff')}</Button><Button kind="bare">?</Button>
        <Button size="small">{t('teach.readmit')}</Button><Button kind="primary" size="big">{t('class.hand')}</Button>
      </div>
      <div className="gallery-row">
        <Field label={t('signIn.login')} defaultValue="lin" /><Field label={t('signIn.password')} problem={t('signIn.wrong')} />
        <Choice label={t('check.camera')} value="" options={[{ value: '', label: t('check.defaultDevice') }]} onChange={nothing} />
      </div>
      <div className="gallery-row">
        <Badge>{t('today.state.scheduled')}</Badge><Badge kind="live" dot>{t('teach.recording', { time: '23:14' })}</Badge><Badge kind="weak">{t('link.lesson.weak')}</Badge>
        <Badge kind="speak" dot>{t('teach.speaking')}</Badge><Badge kind="action"><Icon name="hand" size={16} />{t('teach.hand')}</Badge>
      </div>
      <div className="gallery-row links">
        <LinkBadge words={{ kind: 'connecting' }} /><LinkBadge words={{ kind: 'connected' }} /><LinkBadge words={{ kind: 'weak' }} />
        <LinkBadge words={{ kind: 'media-restarting' }} /><LinkBadge words={{ kind: 'reconnecting', seconds: 12 }} /><LinkBadge words={{ kind: 'closed', reason: 'taken-over' }} />
      </div>
      <div className="gallery-bars"><Bar value={0} label={t('teach.micLevel')} /><Bar value={0.45} label={t('teach.micLevel')} /><Bar value={1} label={t('teach.micLevel')} /></div>
      <div className="gallery-tiles">
        {TILES.map((more, i) => <ClassTile key={i} participant={{ ...someone, ...more, p: `g${i}` }} picture={null} onCall={nothing} onMute={nothing} onRemove={nothing} />)}
      </div>
      <Table rows={[1, 2]} rowKey={String} columns={[{ title: t('library.topic'), cell: (n) => `分数的初步认识 ${n}` }, { title: t('library.length'), cell: () => '41:30' }]} />
      <Timeline label={t('player.timeline')} durationUs={41 * MINUTE} atUs={atUs} onSeek={setAt} bands={[
        { name: 'teacherVoice', title: t('player.teacherVoice'), pieces: [{ startUs: 0, endUs: 9 * MINUTE }, { startUs: 14 * MINUTE, endUs: 30 * MINUTE }] },
        { name: 'classVoice', title: t('player.classVoice'), pieces: [{ startUs: 10 * MINUTE, endUs: 13 * MINUTE }] },
        { name: 'hands', title: t('player.hands'), pieces: [{ startUs: 9 * MINUTE, endUs: 10 * MINUTE }] },
        { name: 'calls', title: t('player.calls'), pieces: [{ startUs: 10 * MINUTE, endUs: 13 * MINUTE }] },
        { name: 'chat', title: t('player.chat'), pieces: [{ startUs: 20 * MINUTE, endUs: 20 * MINUTE }] },
        { name: 'markers', title: t('player.markers'), pieces: [{ startUs: 31 * MINUTE, endUs: 31 * MINUTE }] },
      ]} />
      <div className="gallery-row">
        <Button onClick={() => setOpen(true)}>{t('app.shortcuts')}</Button>
        <Button onClick={() => show(t('teach.removed', { name: someone.name }), nothing)}>{t('app.undo')}</Button>
      </div>
      {isOpen && <Dialog title={t('app.shortcuts')} onClose={() => setOpen(false)}><p>{t('keys.h')}</p></Dialog>}
      <Toasts toasts={toasts} onDone={drop} />
    </main>
  );
}
