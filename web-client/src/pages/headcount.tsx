import { useState } from 'react';
import { useT } from '../i18n';
import { Button } from '../ui/button';

interface HeadcountProps {
  label: string;
  value: number;
  max: number;
  onChange: (n: number) => void;
}

/** A number with large steps for a touch board, and a box for a keyboard. */
export function Headcount({ label, value, max, onChange }: HeadcountProps) {
  const t = useT();
  const [draft, setDraft] = useState<string | null>(null);
  const set = (n: number) => {
    setDraft(null);
    if (Number.isFinite(n)) onChange(Math.min(max, Math.max(0, Math.round(n))));
  };
  return (
    <div className="headcount" role="group" aria-label={label}>
      <span>{label}</span>
      <Button aria-label={`${label} −1`} onClick={() => set(value - 1)}>−</Button>
      <input className="input num" inputMode="numeric" aria-label={label} data-testid="headcount" value={draft ?? String(value)}
        onChange={(event) => setDraft(event.target.value.replace(/\D/g, ''))} onFocus={(event) => event.target.select()}
        onBlur={() => draft !== null && set(Number(draft))} onKeyDown={(event) => event.key === 'Enter' && draft !== null && set(Number(draft))} />
      <Button aria-label={`${label} +1`} onClick={() => set(value + 1)}>+</Button>
      <span>{t('join.people')}</span>
    </div>
  );
}
