import type { ReactNode } from 'react';
import { useT } from '../i18n';
import type { LinkGrade, Participant } from '../protocol/messages';
import { Badge, type BadgeKind } from './badge';
import { Button } from './button';
import { Icon } from './icons';

interface ClassTileProps {
  participant: Participant;
  /** Null while the server has not said which slot carries it. */
  picture: ReactNode;
  /** Absent for those who only watch. */
  onCall?: () => void;
  onMute?: () => void;
  onRemove?: () => void;
}

const LINK_KIND: Record<LinkGrade, BadgeKind> = { good: 'plain', weak: 'weak', lost: 'weak' };

/** One class on the wall: picture, name, headcount, line and hand; its picture is the button that calls on it. */
export function ClassTile({ participant: one, picture: shown, onCall, onMute, onRemove }: ClassTileProps) {
  const t = useT();
  const over = !one.online ? t('teach.offline') : one.camera ? null : t('teach.noCamera');
  const names = ['tile', one.speaking ? 'speaking' : '', one.hand ? 'hand' : ''].filter(Boolean).join(' ');
  const picture = (
    <>
      {over === null ? shown : <span className="over">{over}</span>}
      {onCall !== undefined && !one.onStage && one.online && <span className="call">{t('teach.call')}</span>}
    </>
  );
  return (
    <article className={names} data-testid={`class-tile-${one.p}`} data-hand={one.hand} data-on-stage={one.onStage} data-muted={one.muted} data-link={one.link} aria-label={one.name}>
      <span className="corner">{one.hand && <Badge kind="action"><Icon name="hand" size={16} /><span className="word">{t('teach.hand')}</span></Badge>}</span>
      {onCall === undefined
        ? <div className="picture">{picture}</div>
        : <button type="button" className="picture" data-testid={`call-${one.p}`} aria-label={`${t('teach.call')} ${one.name}`} disabled={one.onStage || !one.online} onClick={onCall}>{picture}</button>}
      <div className="words">
        <span className="name" title={one.name}>{one.name}</span>
        <span className="facts">
          <span className="num">{t('teach.people', { count: one.headcount })}</span>
          <span className="mark link"><Badge kind={LINK_KIND[one.link]}>{t(`link.lesson.${one.link}`)}</Badge></span>
          {one.onStage && <span className="mark on-stage"><Badge kind="speak" dot>{t('teach.onStage')}</Badge></span>}
          {one.muted && <span className="mark muted"><Badge>{one.mutedBy === 'self' ? t('teach.mutedSelf') : t('teach.muted')}</Badge></span>}
          {one.speaking && !one.muted && !one.onStage && <span className="mark speaking"><Badge kind="speak">{t('teach.speaking')}</Badge></span>}
          {onMute !== undefined && onRemove !== undefined && (
            <span className="acts">
              <Button kind="bare" size="small" on={one.muted} data-testid={`mute-${one.p}`} onClick={onMute}
                aria-label={t(one.muted ? 'teach.unmuteClass' : 'teach.muteClass', { name: one.name })} title={t(one.muted ? 'teach.unmuteClass' : 'teach.muteClass', { name: one.name })}>
                <Icon name={one.muted ? 'micOff' : 'mic'} />
              </Button>
              <Button kind="bare" size="small" data-testid={`remove-${one.p}`} onClick={onRemove}
                aria-label={t('teach.remove', { name: one.name })} title={t('teach.remove', { name: one.name })}>
                <Icon name="remove" />
              </Button>
            </span>
          )}
        </span>
      </div>
    </article>
  );
}
