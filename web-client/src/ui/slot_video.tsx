import { useCallback } from 'react';
import { useT } from '../i18n';
import { useStore } from '../lib/store';
import { watchVisible } from '../lib/visible';
import type { VideoSlot } from '../protocol/messages';
import type { Room } from '../rtc/room';
import { undecodableAs } from '../state/trouble';
import { Icon } from './icons';
import { Undecodable } from './undecodable';
import { Video } from './video';

interface SlotVideoProps {
  room: Room;
  slot: VideoSlot;
  label: string;
  testId?: string;
}

/** The picture of a receive slot. While it is out of sight the server is told to send none. */
export function SlotVideo({ room, slot, label, testId }: SlotVideoProps) {
  const t = useT();
  const streams = useStore(room.streams);
  const isOff = useStore(room.picturesOff);
  const codec = undecodableAs(useStore(room.undecodable), slot);
  const watch = useCallback((element: Element) => watchVisible(element, room.outlook.look(slot)), [room, slot]);
  if (isOff) return <span className="picture-off" data-testid="picture-off"><Icon name="cameraOff" /><span className="word">{t('view.off')}</span></span>;
  if (codec !== null) return <Undecodable codec={codec} testId={`undecodable-${slot}`} watch={watch} />;
  return <Video stream={streams.get(slot) ?? null} label={label} watch={watch} {...(testId === undefined ? {} : { testId })} />;
}
