import { useEffect, useMemo, useState } from 'react';
import { useT } from '../i18n';
import { Button } from './button';

export interface Toast {
  id: number;
  text: string;
  undo?: () => void;
}

const SHOWN_MS = 5000;

/** At most three lines of what just happened, each with its way back. */
export function useToasts() {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const actions = useMemo(() => {
    let next = 1;
    const drop = (id: number) => setToasts((all) => all.filter((toast) => toast.id !== id));
    const show = (text: string, undo?: () => void) => {
      const id = next++;
      setToasts((all) => [...all, { id, text, ...(undo === undefined ? {} : { undo }) }].slice(-3));
    };
    return { drop, show };
  }, []);
  return { toasts, ...actions };
}

function Line({ toast, onDone }: { toast: Toast; onDone: (id: number) => void }) {
  const t = useT();
  useEffect(() => {
    const timer = setTimeout(() => onDone(toast.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast.id, onDone]);
  const undo = () => {
    toast.undo?.();
    onDone(toast.id);
  };
  return (
    <div className="toast" role="status">
      <span>{toast.text}</span>
      {toast.undo !== undefined && <Button onClick={undo} data-testid="undo">{t('app.undo')}</Button>}
    </div>
  );
}

export function Toasts({ toasts, onDone }: { toasts: Toast[]; onDone: (id: number) => void }) {
  return <div className="toasts">{toasts.map((toast) => <Line key={toast.id} toast={toast} onDone={onDone} />)}</div>;
}
