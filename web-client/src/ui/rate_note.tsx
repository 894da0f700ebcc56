import { useT } from '../i18n';
import { useStore } from '../lib/store';
import type { Room } from '../rtc/room';
import { cutSource } from '../state/trouble';

/** Says that others see gaps because more is sent from here than was agreed; nothing otherwise. */
export function RateNote({ room, className }: { room: Room; className: string }) {
  const t = useT();
  const cut = cutSource(useStore(room.overRate));
  if (cut === null) return null;
  const words = cut.source === 'microphone' || cut.source === 'screen-audio' ? 'rate.sound' : 'rate.picture';
  return <p className={className} role="status" data-testid="over-rate">{t(words, { kbps: cut.kbps })}</p>;
}
