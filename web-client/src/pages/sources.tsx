import { useEffect, useMemo, useRef, useState, type FormEvent } from 'react';
import { createPortal } from 'react-dom';
import { useT, type MessageKey } from '../i18n';
import { addSource, ApiError, pushPorts, removeSource, switchSource, type NewSource, type PushPorts } from '../lib/api';
import { browserClock } from '../lib/clock';
import { sayError } from '../lib/say_error';
import { useStore } from '../lib/store';
import type { SourceKind, SourceRole, SourceStatus } from '../protocol/messages';
import type { Room } from '../rtc/room';
import { previewSlot, problemOf, pushAddress, reasonKey, SOURCE_KINDS, SOURCE_ROLES, troubled } from '../state/sources';
import { DelayedAction } from '../state/undo';
import { Badge, type BadgeKind } from '../ui/badge';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Choice, Field } from '../ui/field';
import { Icon } from '../ui/icons';
import { SlotVideo } from '../ui/slot_video';
import './sources.css';

interface SourcesProps {
  room: Room;
  lesson: string;
}

const BADGES: Record<SourceStatus['state'], BadgeKind> = { off: 'plain', waiting: 'plain', connecting: 'action', live: 'speak', retrying: 'weak' };

/** The button of the panel: says without being opened that a recorder needs looking after. */
export function SourcesButton({ room, lesson }: SourcesProps) {
  const t = useT();
  const all = useStore(room.sources);
  const [isOpen, setOpen] = useState(false);
  const bad = troubled(all);
  return (
    <>
      <Button className="sources-button" data-testid="sources" onClick={() => setOpen(true)}>
        <Icon name="camera" />{t('sources.title')}
        {bad > 0 ? <Badge kind="weak">{t('sources.troubled', { count: bad })}</Badge> : all.length > 0 && <Badge>{all.length}</Badge>}
      </Button>
      {isOpen && createPortal(<Dialog title={t('sources.title')} onClose={() => setOpen(false)}><Panel room={room} lesson={lesson} /></Dialog>, document.body)}
    </>
  );
}

function Panel({ room, lesson }: SourcesProps) {
  const t = useT();
  const all = useStore(room.sources);
  const [ports, setPorts] = useState<PushPorts | null>(null);
  const [failure, setFailure] = useState<MessageKey | null>(null);
  useEffect(() => {
    pushPorts(lesson).then(setPorts, (error: unknown) => setFailure(failureKey(error)));
  }, [lesson]);
  const attempt = (action: Promise<unknown>) => {
    setFailure(null);
    action.catch((error: unknown) => setFailure(failureKey(error)));
  };
  return (
    <div className="sources" data-testid="sources-panel">
      <p className="quiet">{t('sources.intro')}</p>
      {failure !== null && <p className="problem" role="alert">{t(failure)}</p>}
      {all.length === 0 && <p>{t('sources.none')}</p>}
      <ul>
        {all.map((one) => (
          <Row key={one.source} room={room} status={one} lesson={lesson}
            onSwitch={(isOn) => attempt(switchSource(lesson, one.source, isOn))}
            onRemove={() => attempt(removeSource(lesson, one.source))} />
        ))}
      </ul>
      <Add lesson={lesson} ports={ports} />
    </div>
  );
}

function failureKey(error: unknown): MessageKey {
  if (!(error instanceof ApiError)) return 'error.internal';
  if (error.code === 'not-allowed') return 'sources.reason.not-allowed';
  if (error.code === 'bad-message') return 'sources.badUrl';
  if (error.status === 409) return 'sources.full';
  return sayError(error.code);
}

interface RowProps {
  room: Room;
  lesson: string;
  status: SourceStatus;
  onSwitch: (isOn: boolean) => void;
  onRemove: () => void;
}

function Row({ room, status, onSwitch, onRemove }: RowProps) {
  const t = useT();
  const slots = useStore(room.slots);
  const preview = previewSlot(status, slots);
  const reason = reasonKey(status);
  const retryIn = useCountdown(status);
  const [left, setLeft] = useState<number | null>(null);
  const removal = useMemo(() => new DelayedAction(browserClock, setLeft), []);
  if (left !== null) {
    return (
      <li className="source leaving" role="status">
        <span className="spring">{t('sources.removing', { name: status.name, seconds: left })}</span>
        <Button size="small" data-testid="source-undo" onClick={() => removal.undo()}>{t('app.undo')}</Button>
      </li>
    );
  }
  return (
    <li className="source" data-testid="source" data-state={status.state}>
      <div className="source-picture">
        {preview === null ? <Icon name={status.state === 'off' ? 'cameraOff' : 'camera'} /> : <SlotVideo room={room} slot={preview} label={status.name} testId="source-preview" />}
      </div>
      <div className="source-words">
        <strong>{status.name}</strong>
        <span className="quiet">{t(`sources.role.${status.role}`)} · {t(`sources.kind.${status.kind}`)}</span>
        {status.address !== '' && <span className="quiet source-address">{status.address}</span>}
        <span role="status">
          <Badge kind={BADGES[status.state]} dot={status.state === 'live'}>
            {status.state === 'retrying' && retryIn > 0 ? t('sources.retryIn', { seconds: retryIn }) : t(`sources.state.${stateWord(status)}`)}
          </Badge>
        </span>
        {reason !== null && <span className="source-reason">{t(reason)}</span>}
      </div>
      <div className="source-actions">
        <Button size="small" data-testid="source-switch" onClick={() => onSwitch(status.state === 'off')}>{t(status.state === 'off' ? 'sources.turnOn' : 'sources.turnOff')}</Button>
        <Button size="small" data-testid="source-remove" aria-label={t('sources.remove', { name: status.name })} onClick={() => removal.arm(onRemove)}><Icon name="remove" /></Button>
      </div>
    </li>
  );
}

/** An encoder that has not called yet waits for something else than a camera that will be called. */
function stateWord(status: SourceStatus) {
  return status.state === 'waiting' && status.kind === 'rtmp-push' ? 'waitingPush' : status.state;
}

/** Seconds until it is called again, counted down here from when its state was told. */
function useCountdown(status: SourceStatus): number {
  const [left, setLeft] = useState(status.retryIn);
  const until = useRef(0);
  useEffect(() => {
    until.current = performance.now() + status.retryIn * 1000;
    const show = () => setLeft(Math.max(0, Math.ceil((until.current - performance.now()) / 1000)));
    show();
    if (status.retryIn === 0) return undefined;
    const timer = setInterval(show, 500);
    return () => clearInterval(timer);
  }, [status.state, status.retryIn]);
  return left;
}

function Add({ lesson, ports }: { lesson: string; ports: PushPorts | null }) {
  const t = useT();
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<{ key: string; address: string } | null>(null);
  if (made !== null) return <Key made={made} onDone={() => setMade(null)} />;
  if (!isOpen) return <Button kind="primary" data-testid="source-add" onClick={() => setOpen(true)}>{t('sources.add')}</Button>;
  const address = ports === null ? null : pushAddress(window.location.hostname, lesson, ports);
  return (
    <Form lesson={lesson} takesPushes={address !== null} onCancel={() => setOpen(false)}
      onAdded={(key) => {
        setOpen(false);
        if (key !== undefined && address !== null) setMade({ key, address });
      }} />
  );
}

interface FormProps {
  lesson: string;
  takesPushes: boolean;
  onCancel: () => void;
  onAdded: (streamKey: string | undefined) => void;
}

function Form({ lesson, takesPushes, onCancel, onAdded }: FormProps) {
  const t = useT();
  const [role, setRole] = useState<SourceRole>('teacher-camera');
  const [name, setName] = useState<string | null>(null);
  const [kind, setKind] = useState<SourceKind>(takesPushes ? 'rtmp-push' : 'rtsp');
  const [url, setUrl] = useState('');
  const [failure, setFailure] = useState<MessageKey | null>(null);
  const [isBusy, setBusy] = useState(false);
  const kinds = SOURCE_KINDS.filter((one) => takesPushes || one !== 'rtmp-push');
  const shownName = name ?? t(`sources.role.${role}`);
  const source: NewSource = { name: shownName.trim(), role, kind, ...(kind === 'rtmp-push' ? {} : { url: url.trim() }) };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const problem = problemOf(source);
    setFailure(problem === null ? null : problem === 'name' ? 'sources.badName' : 'sources.badUrl');
    if (problem !== null) return;
    setBusy(true);
    addSource(lesson, source).then(
      (added) => onAdded(added.streamKey),
      (error: unknown) => {
        setBusy(false);
        setFailure(failureKey(error));
      },
    );
  };
  return (
    <form className="source-form" onSubmit={submit} data-testid="source-form">
      <Choice label={t('sources.role')} value={role} onChange={(value) => setRole(SOURCE_ROLES.find((one) => one === value) ?? role)}
        options={SOURCE_ROLES.map((value) => ({ value, label: t(`sources.role.${value}`) }))} />
      <Field label={t('sources.name')} value={shownName} maxLength={40} onChange={(event) => setName(event.target.value)} />
      <Choice label={t('sources.kind')} value={kind} onChange={(value) => setKind(SOURCE_KINDS.find((one) => one === value) ?? kind)}
        options={kinds.map((value) => ({ value, label: t(`sources.kind.${value}`) }))} />
      {kind !== 'rtmp-push' && (
        <Field label={t('sources.url')} value={url} maxLength={2048} autoComplete="off" spellCheck={false} inputMode="url"
          placeholder={t(`sources.example.${kind}`)} onChange={(event) => setUrl(event.target.value)} />
      )}
      <p className="quiet">{t(kind === 'rtmp-push' ? 'sources.pushHint' : 'sources.urlHint')}</p>
      {failure !== null && <p className="problem" role="alert">{t(failure)}</p>}
      <div className="source-buttons">
        <Button kind="primary" type="submit" disabled={isBusy} data-testid="source-save">{t('sources.save')}</Button>
        <Button type="button" onClick={onCancel}>{t('sources.cancel')}</Button>
      </div>
    </form>
  );
}

/** What goes into the encoder's settings; the key is never shown again. */
function Key({ made, onDone }: { made: { key: string; address: string }; onDone: () => void }) {
  const t = useT();
  return (
    <div className="source-form source-key" data-testid="source-key" role="status">
      <strong>{t('sources.keyOnce')}</strong>
      <Copy label={t('sources.server')} value={made.address} />
      <Copy label={t('sources.streamKey')} value={made.key} />
      <div className="source-buttons"><Button kind="primary" onClick={onDone}>{t('sources.keyDone')}</Button></div>
    </div>
  );
}

function Copy({ label, value }: { label: string; value: string }) {
  const t = useT();
  const [isCopied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard?.writeText(value).then(() => setCopied(true), () => undefined);
  return (
    <div className="source-copy">
      <Field label={label} value={value} readOnly onFocus={(event) => event.target.select()} />
      <Button type="button" onClick={copy}>{t(isCopied ? 'sources.copied' : 'sources.copy')}</Button>
    </div>
  );
}
