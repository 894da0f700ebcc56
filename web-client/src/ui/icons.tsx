// Drawn here, in one stroke width. Decoration beside a word or on a named button, so hidden from screen readers.
const PATHS = {
  hand: 'M7 11V6a1.5 1.5 0 0 1 3 0v4V4.5a1.5 1.5 0 0 1 3 0V10V6a1.5 1.5 0 0 1 3 0v6V9a1.5 1.5 0 0 1 3 0v6a6 6 0 0 1-6 6h-1.5a6 6 0 0 1-5-2.7L4 14a1.5 1.5 0 0 1 2.4-1.8L7 13z',
  mic: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11a7 7 0 0 0 14 0M12 18v3',
  micOff: 'M9 9v3a3 3 0 0 0 5 2.2M15 10V6a3 3 0 0 0-5.9-.7M5 11a7 7 0 0 0 11.5 5.4M19 11a7 7 0 0 1-.6 2.8M12 18v3M3 3l18 18',
  camera: 'M3 7h12v10H3zM15 11l6-4v10l-6-4z',
  cameraOff: 'M10 7h5v5M15 15v2H3V7h3M15 11l6-4v10l-4-2.7M3 3l18 18',
  screen: 'M3 4h18v12H3zM8 20h8M12 16v4',
  full: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  play: 'M7 4l13 8-13 8z',
  pause: 'M8 4v16M16 4v16',
  remove: 'M6 6l12 12M18 6L6 18',
  sound: 'M4 9v6h4l6 5V4L8 9zM17 8a5 5 0 0 1 0 8',
  back: 'M11 7l-6 5 6 5zM19 7l-6 5 6 5z',
  forward: 'M13 7l6 5-6 5zM5 7l6 5-6 5z',
  flag: 'M6 21V4h11l-2 4 2 4H6',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number | string }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
