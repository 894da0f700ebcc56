import { useRef, useState, type PointerEvent } from 'react';
import { clockText } from '../state/format';

export interface Piece {
  startUs: number;
  /** Equal to the start for a moment without length. */
  endUs: number;
  label?: string;
}

export interface Band {
  name: string;
  title: string;
  pieces: Piece[];
}

interface TimelineProps {
  label: string;
  durationUs: number;
  atUs: number;
  bands: Band[];
  onSeek: (us: number) => void;
}

/** Bands of what happened over one clock. A click, a touch or a drag is there at once. */
export function Timeline({ label, durationUs, atUs, bands, onSeek }: TimelineProps) {
  const surface = useRef<HTMLDivElement>(null);
  const [peek, setPeek] = useState<number | null>(null);
  const whole = Math.max(1, durationUs);
  const at = (event: PointerEvent) => {
    const box = surface.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0;
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * durationUs;
  };
  const percent = (us: number) => `${(Math.min(whole, Math.max(0, us)) / whole) * 100}%`;
  const press = (event: PointerEvent<HTMLDivElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    onSeek(at(event));
  };
  const move = (event: PointerEvent) => {
    setPeek(at(event));
    if (event.buttons > 0) onSeek(at(event));
  };
  return (
    <div className="timeline" data-testid="timeline">
      {bands.map((band) => (
        <div className={`row ${band.name}`} key={band.name} data-testid={`band-${band.name}`}>
          <span>{band.title}</span>
          <div className="track">
            {band.pieces.map((piece, i) => (
              <span key={i} className="piece" title={piece.label}
                style={{ left: percent(piece.startUs), width: piece.endUs > piece.startUs ? `${((piece.endUs - piece.startUs) / whole) * 100}%` : undefined }} />
            ))}
          </div>
        </div>
      ))}
      <div ref={surface} className="surface" role="slider" tabIndex={0} aria-label={label} aria-valuemin={0}
        aria-valuemax={Math.round(durationUs / 1e6)} aria-valuenow={Math.round(atUs / 1e6)} aria-valuetext={clockText(atUs)}
        onPointerDown={press} onPointerMove={move} onPointerLeave={() => setPeek(null)}>
        <span className="needle" style={{ left: percent(atUs) }} />
        {peek !== null && <span className="peek num" style={{ left: percent(peek) }}>{clockText(peek)}</span>}
      </div>
    </div>
  );
}
