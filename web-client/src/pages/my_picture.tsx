import { useEffect, useState } from 'react';
import { useT, type MessageKey } from '../i18n';
import { useStore } from '../lib/store';
import { watchLevel } from '../rtc/devices';
import type { Room } from '../rtc/room';
import { Bar } from '../ui/bar';
import { Icon } from '../ui/icons';
import { SlotVideo } from '../ui/slot_video';
import { Video } from '../ui/video';
import { useTrackStream } from './lesson_gate';

export function useLevel(track: MediaStreamTrack | null): number {
  const [level, setLevel] = useState(0);
  useEffect(() => {
    setLevel(0);
    return track === null ? undefined : watchLevel(track, setLevel);
  }, [track]);
  return level;
}

/** The teacher's own picture and how loud the microphone is; with an encoder, what the encoder sends. */
export function MyPicture({ room, usesOwn }: { room: Room; usesOwn: boolean }) {
  const t = useT();
  const publishing = useStore(room.publisher.state);
  const own = useTrackStream(publishing.cameraOff ? null : publishing.camera);
  const level = useLevel(publishing.microphone);
  const trouble = publishing.cameraTrouble ?? publishing.microphoneTrouble;
  const device: MessageKey = publishing.cameraTrouble === null ? 'check.microphone' : 'check.camera';
  return (
    <section className="panel me" aria-label={t('teach.me')}>
      {usesOwn
        ? own === null ? <div className="panel-empty"><p>{t('teach.noCamera')}</p></div> : <Video stream={own} label={t('teach.me')} testId="self-video" mirrored />
        : <SlotVideo room={room} slot="teacher" label={t('teach.me')} testId="teacher-video" />}
      <div className="panel-words">
        <Icon name={publishing.mutedHere ? 'micOff' : 'mic'} />
        <div className="me-level" data-testid="mic-level">
          {publishing.mutedHere ? <span>{t('teach.muted')}</span> : <Bar value={publishing.microphone === null ? 0 : level} label={t('teach.micLevel')} />}
        </div>
      </div>
      {usesOwn && trouble !== null && <p className="trouble" role="alert">{t(device)}：{t(`check.trouble.${trouble}`)}</p>}
    </section>
  );
}
