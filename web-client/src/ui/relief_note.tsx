import { useT } from '../i18n';
import { useStore } from '../lib/store';
import type { Room } from '../rtc/room';
import { sayRelief } from '../state/relief';

/** Says why pictures are missing while the server is overloaded; nothing otherwise. */
export function ReliefNote({ room, hasWall, className }: { room: Room; hasWall: boolean; className: string }) {
  const t = useT();
  const words = sayRelief(useStore(room.relief), hasWall);
  return words === null ? null : <p className={className} role="status" data-testid="relief">{t(words)}</p>;
}
