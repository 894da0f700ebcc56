import type { ReactNode } from 'react';

export type BadgeKind = 'plain' | 'live' | 'weak' | 'speak' | 'action';

export function Badge({ kind = 'plain', dot = false, children, testId }: { kind?: BadgeKind; dot?: boolean; children: ReactNode; testId?: string }) {
  return (
    <span className={`badge ${kind}`} data-testid={testId}>
      {dot && <span className="dot" />}
      {children}
    </span>
  );
}
