import { useEffect, useRef, type ReactNode } from 'react';
import { useT } from '../i18n';
import { Button } from './button';

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const t = useT();
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog !== null && !dialog.open) dialog.showModal();
  }, []);
  return (
    <dialog ref={ref} className="dialog" aria-label={title} onClose={onClose}>
      <h2>{title}</h2>
      {children}
      <Button kind="primary" onClick={onClose}>{t('app.close')}</Button>
    </dialog>
  );
}

export function Shortcuts({ keys, onClose }: { keys: [string, string][]; onClose: () => void }) {
  const t = useT();
  return (
    <Dialog title={t('app.shortcuts')} onClose={onClose}>
      <dl>
        {keys.map(([key, words]) => (
          <div key={key} style={{ display: 'contents' }}>
            <dt><kbd>{key}</kbd></dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
