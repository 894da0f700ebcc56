// Times as people read them. Tabular figures are the style sheet's task.

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** "23:14", and "1:02:03" from an hour on. */
export function clockText(us: number): string {
  const total = Math.max(0, Math.floor(us / 1_000_000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${two(minutes)}:${two(total % 60)}`;
}

export type Countdown =
  | { kind: 'days'; days: number }
  | { kind: 'clock'; text: string }
  | { kind: 'now' };

const DAY_US = 86_400_000_000;

/** The time left until `targetUs`: days when far, a running clock within the day, "now" from then on. */
export function countdown(targetUs: number, nowUs: number): Countdown {
  const left = targetUs - nowUs;
  if (left <= 0) return { kind: 'now' };
  if (left >= DAY_US) return { kind: 'days', days: Math.floor(left / DAY_US) };
  return { kind: 'clock', text: clockText(left) };
}
