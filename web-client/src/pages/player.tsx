import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useT, type MessageKey } from '../i18n';
import { getRecording, type Recording, type Track } from '../lib/api';
import { expose } from '../lib/debug';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { sayError } from '../lib/say_error';
import { useStore } from '../lib/store';
import { SPEEDS } from '../player/clock';
import { Deck } from '../player/deck';
import { loadMarkers, saveMarkers, withMarker } from '../player/markers';
import { bands, stateAt, type BandName } from '../player/replay';
import { isSound, segmentAt } from '../player/sync';
import { go, type PageProps } from '../lib/navigate';
import { clockText } from '../state/format';
import { find, type LessonState } from '../state/lesson';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { ChatLines } from '../ui/chat';
import { Icon } from '../ui/icons';
import { Notice } from '../ui/notice';
import { Timeline, type Band } from '../ui/timeline';
import { Toasts, useToasts } from '../ui/toast';
import { useTheme } from '../ui/theme';
import { Top } from '../ui/top';
import './lesson_gate.css';
import './player.css';

const STEP_US = 5_000_000;
const BAND_TITLES: Record<BandName, MessageKey> = {
  teacherVoice: 'player.teacherVoice',
  classVoice: 'player.classVoice',
  hands: 'player.hands',
  calls: 'player.calls',
  chat: 'player.chat',
};

export default function PlayerPage({ id }: PageProps) {
  const t = useT();
  useTheme('light');
  const [loaded, reload] = useLoad(useCallback(() => getRecording(id), [id]));
  if (loaded.state === 'loading') return <Notice title={t('app.loading')} />;
  if (loaded.state === 'failed') {
    return <Notice title={t(sayError(loaded.error.code))} action={<Button kind="primary" onClick={reload}>{t('app.retry')}</Button>} />;
  }
  return <Review recording={loaded.value} />;
}

function useDeck(recording: Recording): Deck | null {
  const [deck, setDeck] = useState<Deck | null>(null);
  useEffect(() => {
    const made = new Deck(recording);
    setDeck(made);
    const hide = expose({
      player: { seek: (seconds) => made.seek(seconds * 1e6), time: () => made.timeUs() / 1e6, drift: () => made.drift() },
    });
    return () => {
      hide();
      made.close();
    };
  }, [recording]);
  return deck;
}

function Review({ recording }: { recording: Recording }) {
  const deck = useDeck(recording);
  return deck === null ? null : <Desk recording={recording} deck={deck} />;
}

function Desk({ recording, deck }: { recording: Recording; deck: Deck }) {
  const t = useT();
  const { atUs, isPlaying, isBuffering, rate } = useStore(deck.state);
  const [markers, setMarkers] = useState(() => loadMarkers(recording.lesson.id));
  const { toasts, drop, show } = useToasts();
  // Once a second is enough for what is read, and spares the phone.
  const second = Math.floor(atUs / 1e6);
  const state = useMemo(() => stateAt(recording, second * 1e6 + 999_999), [recording, second]);
  const keep = (next: number[]) => {
    setMarkers(next);
    saveMarkers(recording.lesson.id, next);
  };
  const mark = () => keep(withMarker(markers, Math.round(deck.timeUs())));
  const unmark = (us: number) => {
    keep(markers.filter((one) => one !== us));
    show(t('player.markerGone'), () => keep(markers));
  };
  useKeys({
    onDown: (key, event) => {
      if (key === ' ') {
        event.preventDefault();
        deck.toggle();
      } else if (key === 'arrowleft' || key === 'arrowright') {
        event.preventDefault();
        deck.skip(key === 'arrowleft' ? -STEP_US : STEP_US);
      } else if (key === 'm') mark();
    },
  });
  const drawn = useMemo(() => bands(recording.events, deck.durationUs), [recording, deck]);
  const all: Band[] = [
    ...drawn.map((band) => ({ ...band, title: t(BAND_TITLES[band.name as BandName]) })),
    { name: 'markers', title: t('player.markers'), pieces: markers.map((us) => ({ startUs: us, endUs: us, label: t('player.markerHere', { time: clockText(us) }) })) },
  ];
  const { lesson } = recording;
  return (
    <div className="review">
      <Top><Button kind="bare" onClick={() => go('/library')}>{t('app.library')}</Button></Top>
      <main>
        <div className="review-head">
          <h1>{lesson.topic}</h1>
          <span className="quiet">{[lesson.subject, lesson.grade, lesson.school, lesson.teacher].filter(Boolean).join(' · ')}</span>
          {state.stage !== null && <Badge kind="speak" dot>{t('player.stage', { name: find(state, state.stage)?.name ?? '' })}</Badge>}
          {state.participants.filter((one) => one.hand).map((one) => <Badge key={one.p} kind="action">{one.name} {t('player.hands')}</Badge>)}
        </div>
        <Pictures recording={recording} deck={deck} state={state} atUs={atUs} isBuffering={isBuffering} />
        <aside className="review-chat"><h2>{t('chat.title')}</h2><ChatLines lines={state.chat} empty={t('player.chatEmpty')} /></aside>
        <section className="transport" aria-label={t('player.timeline')}>
          <div className="transport-row">
            <Button kind="primary" data-testid="player-play" aria-label={t(isPlaying ? 'player.pause' : 'player.play')} onClick={() => deck.toggle()}>
              <Icon name={isPlaying ? 'pause' : 'play'} />{t(isPlaying ? 'player.pause' : 'player.play')}
            </Button>
            <Button aria-label={t('player.back5')} title={t('player.back5')} onClick={() => deck.skip(-STEP_US)}><Icon name="back" /></Button>
            <Button aria-label={t('player.forward5')} title={t('player.forward5')} onClick={() => deck.skip(STEP_US)}><Icon name="forward" /></Button>
            <span className="num time" data-testid="player-time">{clockText(atUs)} / {clockText(deck.durationUs)}</span>
            {isBuffering && <span className="quiet" role="status">{t('player.buffering')}</span>}
            <span className="spring" />
            <label className="speed">{t('player.speed')}
              <select className="input num" value={rate} data-testid="player-speed" onChange={(event) => deck.setRate(Number(event.target.value))}>
                {SPEEDS.map((speed) => <option key={speed} value={speed}>{speed}×</option>)}
              </select>
            </label>
            <Button onClick={mark} data-testid="player-mark"><Icon name="flag" />{t('player.marker')}</Button>
          </div>
          <Timeline label={t('player.timeline')} durationUs={deck.durationUs} atUs={atUs} bands={all} onSeek={(us) => deck.seek(us)} />
          <div className="transport-row marks">
            {markers.map((us) => (
              <span key={us} className="mark">
                <Button size="small" className="num" onClick={() => deck.seek(us)}>{clockText(us)}</Button>
                <Button size="small" kind="bare" aria-label={t('player.unmark', { time: clockText(us) })} onClick={() => unmark(us)}><Icon name="remove" size={16} /></Button>
              </span>
            ))}
            <span className="quiet keys">{t('player.keys')}</span>
          </div>
        </section>
      </main>
      <Toasts toasts={toasts} onDone={drop} />
    </div>
  );
}

function trackKey(track: Track): string {
  return `${track.participant}/${track.source}`;
}

interface PicturesProps {
  recording: Recording;
  deck: Deck;
  state: LessonState;
  atUs: number;
  isBuffering: boolean;
}

/** Every track is an element that stays where it is in the page: moving one would reload it. */
function Pictures({ recording, deck, state, atUs }: PicturesProps) {
  const t = useT();
  const { tracks } = recording;
  if (tracks.length === 0) return <section className="pictures"><p className="gap">{t('player.noMedia')}</p></section>;
  const isThere = (source: Track['source']) => tracks.some((track) => track.source === source && segmentAt(track, atUs) !== null);
  // As in the lesson: what is taught from is large, the courseware before the board.
  const matter = (['screen', 'board'] as const).find(isThere) ?? 'camera';
  const place = (track: Track): string => {
    if (track.role === 'teacher') return track.source === matter ? 'main' : 'second';
    return state.stage === track.participant ? 'called' : 'class';
  };
  const rank: Record<string, number> = { main: 0, second: 1, called: 2, class: 3 };
  return (
    <section className="pictures">
      {tracks.filter((track) => !isSound(track)).map((track) => (
        <figure key={trackKey(track)} className={place(track)} style={{ order: rank[place(track)] }} hidden={track.source !== 'camera' && !isThere(track.source)}>
          <Media deck={deck} track={track} />
          {segmentAt(track, atUs) === null && <p className="gap">{t('player.gap')}</p>}
          <figcaption>{track.name}{track.source === 'screen' ? ` · ${t('teach.sharing')}` : track.source === 'board' ? ` · ${t('sources.role.board')}` : ''}</figcaption>
        </figure>
      ))}
      {tracks.filter(isSound).map((track) => <Media key={trackKey(track)} deck={deck} track={track} />)}
    </section>
  );
}

function Media({ deck, track }: { deck: Deck; track: Track }) {
  const ref = useRef<HTMLVideoElement & HTMLAudioElement>(null);
  useEffect(() => {
    deck.attach(track, ref.current);
    return () => deck.attach(track, null);
  }, [deck, track]);
  const id = `track-${trackKey(track)}`;
  if (isSound(track)) return <audio ref={ref} preload="auto" data-testid={id} />;
  return <video ref={ref} preload="auto" muted playsInline disablePictureInPicture aria-label={track.name} data-testid={id} />;
}
