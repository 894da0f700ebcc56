import { useEffect, useRef } from 'react';

interface VideoProps {
  stream: MediaStream | null;
  /** What it shows, for screen readers. */
  label: string;
  testId?: string;
  mirrored?: boolean;
  /** Watches the element while it stands; returns how to end that. */
  watch?: (element: HTMLVideoElement) => () => void;
}

/** A live picture without sound; sound is played by `Sound`, so that a hidden picture is never a lost voice. */
export function Video({ stream, label, testId, mirrored = false, watch }: VideoProps) {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = ref.current;
    if (element === null || element.srcObject === stream) return;
    element.srcObject = stream;
    if (stream !== null) element.play().catch(() => undefined);
  }, [stream]);
  useEffect(() => (ref.current === null ? undefined : watch?.(ref.current)), [watch]);
  return (
    <video ref={ref} muted playsInline autoPlay disablePictureInPicture aria-label={label} data-testid={testId}
      style={mirrored ? { transform: 'scaleX(-1)' } : undefined} />
  );
}
