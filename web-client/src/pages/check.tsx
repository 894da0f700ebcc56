import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react';
import { useT, type MessageKey } from '../i18n';
import { chime } from '../lib/chime';
import { rememberCheck } from '../lib/last_check';
import { iceServers } from '../lib/api';
import { checkLine, type LineResult } from '../lib/line_check';
import { checkRelay, type RelayResult } from '../lib/relay_check';
import { listDevices, loadChoice, openDevice, saveChoice, type DeviceChoice, type DeviceKind, type Opened } from '../rtc/devices';
import { openGatherer } from '../rtc/peer';
import { go } from '../lib/navigate';
import { Badge, type BadgeKind } from '../ui/badge';
import { Bar } from '../ui/bar';
import { Button } from '../ui/button';
import { Choice } from '../ui/field';
import { useTheme } from '../ui/theme';
import { Top } from '../ui/top';
import { Video } from '../ui/video';
import { useTrackStream } from './lesson_gate';
import { useLevel } from './my_picture';
import './check.css';

// A level that a normal voice at arm's length passes and a quiet room does not.
const HEARD_LEVEL = 0.35;

function useDevice(kind: DeviceKind, id: string | null, round: number): Opened | null {
  const [opened, setOpened] = useState<Opened | null>(null);
  useEffect(() => {
    let isCurrent = true;
    let track: MediaStreamTrack | null = null;
    setOpened(null);
    void openDevice(kind, id).then((result) => {
      if ('track' in result) track = result.track;
      if (isCurrent) setOpened(result);
      else track?.stop();
    });
    return () => {
      isCurrent = false;
      track?.stop();
    };
  }, [kind, id, round]);
  return opened;
}

const trackOf = (opened: Opened | null) => (opened !== null && 'track' in opened ? opened.track : null);
const troubleOf = (opened: Opened | null) => (opened !== null && 'trouble' in opened ? opened.trouble : null);

function useDeviceList(opened: unknown): MediaDeviceInfo[] {
  const [list, setList] = useState<MediaDeviceInfo[]>([]);
  // Names are known only once a device has been opened.
  useEffect(() => {
    const refresh = () => void listDevices().then(setList);
    refresh();
    navigator.mediaDevices?.addEventListener?.('devicechange', refresh);
    return () => navigator.mediaDevices?.removeEventListener?.('devicechange', refresh);
  }, [opened]);
  return list;
}

function Step({ title, state, words, children, testId }: { title: string; state: BadgeKind; words: string; children: ReactNode; testId: string }) {
  return (
    <section className="check-step" data-testid={testId} data-state={state}>
      <h2>{title}</h2>
      {children}
      <p role="status"><Badge kind={state} dot={state !== 'plain'}>{words}</Badge></p>
    </section>
  );
}

export default function Check() {
  const t = useT();
  useTheme('light');
  const [round, setRound] = useState(0);
  const [choice, setChoice] = useState<DeviceChoice>(loadChoice);
  const [line, setLine] = useState<LineResult | null>(null);
  const [relay, setRelay] = useState<RelayResult | null>(null);
  const [speaker, setSpeaker] = useState<'not-tried' | 'played' | 'heard' | 'not-heard'>('not-tried');
  const wasHeard = useRef(false);
  const camera = useDevice('camera', choice.camera, round);
  const microphone = useDevice('microphone', choice.microphone, round);
  const devices = useDeviceList([camera, microphone].filter(Boolean).length);
  const picture = useTrackStream(trackOf(camera));
  const level = useLevel(trackOf(microphone));
  if (level > HEARD_LEVEL) wasHeard.current = true;
  const pick = (change: Partial<DeviceChoice>) => {
    const next = { ...choice, ...change };
    setChoice(next);
    saveChoice(next);
  };
  const measure = useCallback(() => {
    setLine(null);
    setRelay(null);
    void checkLine().then(setLine);
    void iceServers().then((servers) => checkRelay(servers, openGatherer)).catch((): RelayResult => ({ kind: 'none' })).then(setRelay);
  }, []);
  useEffect(measure, [measure]);
  const again = () => {
    wasHeard.current = false;
    setSpeaker('not-tried');
    setRound((n) => n + 1);
    measure();
  };
  const options = (kind: MediaDeviceKind) => [
    { value: '', label: t('check.defaultDevice') },
    ...devices.filter((device) => device.kind === kind && device.deviceId !== 'default').map((device) => ({ value: device.deviceId, label: device.label })),
  ];
  const play = () => {
    chime(523, 0.8, 0.3);
    setSpeaker('played');
  };
  const done = () => {
    const isGood = trackOf(camera) !== null && trackOf(microphone) !== null && wasHeard.current && speaker === 'heard' && line?.kind === 'measured' && line.grade !== 'poor';
    rememberCheck(isGood);
    go('/');
  };
  const cameraTrouble = troubleOf(camera);
  const micTrouble = troubleOf(microphone);
  return (
    <>
      <Top><Button kind="bare" onClick={() => go('/')}>{t('app.today')}</Button></Top>
      <main className="page check">
        <h1>{t('check.title')}</h1>
        <p className="quiet">{t('check.intro')}</p>
        <div className="check-steps">
          <Step title={t('check.camera')} testId="check-camera" state={cameraTrouble !== null ? 'weak' : picture === null ? 'plain' : 'speak'}
            words={cameraTrouble !== null ? t(`check.trouble.${cameraTrouble}`) : t(picture === null ? 'app.loading' : 'check.cameraOk')}>
            <div className="check-picture">{picture === null ? <span>{t('check.noPicture')}</span> : <Video stream={picture} label={t('check.camera')} testId="self-video" mirrored />}</div>
            <Choice label={t('check.camera')} value={choice.camera ?? ''} options={options('videoinput')} onChange={(id) => pick({ camera: id || null })} />
          </Step>
          <Step title={t('check.microphone')} testId="check-microphone" state={micTrouble !== null ? 'weak' : wasHeard.current ? 'speak' : 'plain'}
            words={micTrouble !== null ? t(`check.trouble.${micTrouble}`) : t(wasHeard.current ? 'check.micOk' : 'check.micSpeak')}>
            <Bar value={level} label={t('teach.micLevel')} />
            <Choice label={t('check.microphone')} value={choice.microphone ?? ''} options={options('audioinput')} onChange={(id) => pick({ microphone: id || null })} />
          </Step>
          <Speaker state={speaker} onPlay={play} onHeard={(heard) => setSpeaker(heard ? 'heard' : 'not-heard')} />
          <Line result={line} />
          <Relay result={relay} />
        </div>
        <div className="check-actions">
          <Button kind="primary" size="big" onClick={done} data-testid="check-done">{t('check.done')}</Button>
          <Button onClick={again}>{t('check.again')}</Button>
        </div>
      </main>
    </>
  );
}

function Speaker({ state, onPlay, onHeard }: { state: 'not-tried' | 'played' | 'heard' | 'not-heard'; onPlay: () => void; onHeard: (heard: boolean) => void }) {
  const t = useT();
  const words: Record<typeof state, MessageKey> = { 'not-tried': 'check.speakerAsk', played: 'check.speakerHeard', heard: 'check.speakerOk', 'not-heard': 'check.speakerHelp' };
  const kind: BadgeKind = state === 'heard' ? 'speak' : state === 'not-heard' ? 'weak' : 'plain';
  return (
    <Step title={t('check.speaker')} testId="check-speaker" state={kind} words={`${t(words[state])}${state === 'played' ? '？' : ''}`}>
      <div className="check-row">
        <Button onClick={onPlay}>{t('check.speakerPlay')}</Button>
        {state !== 'not-tried' && <><Button onClick={() => onHeard(true)}>{t('check.speakerHeard')}</Button><Button onClick={() => onHeard(false)}>{t('check.speakerNot')}</Button></>}
      </div>
    </Step>
  );
}

function Line({ result }: { result: LineResult | null }) {
  const t = useT();
  const say = (): [BadgeKind, string] => {
    if (result === null) return ['plain', t('check.lineTesting')];
    if (result.kind === 'unreachable') return ['live', t('check.lineFailed')];
    const values = { rtt: result.rttMs, rate: t('check.mbit', { n: (result.kbps / 1000).toFixed(1) }) };
    switch (result.grade) {
      case 'good':
        return ['speak', t('check.lineGood', values)];
      case 'fair':
        return ['plain', t('check.lineFair', values)];
      case 'poor':
        return ['weak', t('check.linePoor', values)];
    }
  };
  const [kind, words] = say();
  return <Step title={t('check.line')} testId="check-line" state={kind} words={words}><></></Step>;
}

/** Most schools never need it, so it is shown only where there is one. */
function Relay({ result }: { result: RelayResult | null }) {
  const t = useT();
  if (result === null || result.kind === 'none') return null;
  const isOpen = result.kind === 'reached';
  const words = isOpen ? t('check.relayOk', { ways: result.ways.join(', ') }) : t('check.relayFailed');
  return <Step title={t('check.relay')} testId="check-relay" state={isOpen ? 'speak' : 'weak'} words={words}><></></Step>;
}
