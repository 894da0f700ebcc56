import { useEffect, useState } from 'react';
import { useT } from '../i18n';
import type { Room } from '../rtc/room';
import { clockText } from '../state/format';
import type { LessonState } from '../state/lesson';
import { Badge } from './badge';

/** The red light with the lesson's time: the recording runs from the first second of the session clock. */
export function RecordingLight({ room, state }: { room: Room; state: LessonState }) {
  const t = useT();
  const [now, setNow] = useState(() => room.session.sessionNow());
  useEffect(() => {
    const timer = setInterval(() => setNow(room.session.sessionNow()), 500);
    return () => clearInterval(timer);
  }, [room]);
  if (!state.recording) return <Badge testId="recording-off">{t('teach.notRecording')}</Badge>;
  return <Badge kind="live" dot testId="recording-light"><span className="num">{t('teach.recording', { time: clockText(now - state.recordingSince) })}</span></Badge>;
}
