import { useEffect, useRef } from 'react';
import { useT } from '../i18n';
import { Icon } from './icons';

interface UndecodableProps {
  /** How the picture is sent, as people know it. */
  codec: string;
  testId: string;
  /** As for `Video`: it stands where the picture would, and must count as looked at just as that would. */
  watch: (element: Element) => () => void;
}

/** In the place of a picture that comes and that this device cannot decode. */
export function Undecodable({ codec, testId, watch }: UndecodableProps) {
  const t = useT();
  const ref = useRef<HTMLParagraphElement>(null);
  useEffect(() => (ref.current === null ? undefined : watch(ref.current)), [watch]);
  return (
    <p ref={ref} className="undecodable" role="status" data-testid={testId}>
      <Icon name="cameraOff" size="1.5em" /><span className="word">{t('view.undecodable', { codec })}</span>
    </p>
  );
}
