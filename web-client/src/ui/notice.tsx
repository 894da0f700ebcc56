import type { ReactNode } from 'react';

/** A page that has one thing to say and at most one thing to do. */
export function Notice({ title, hint, action, testId }: { title: string; hint?: string; action?: ReactNode; testId?: string }) {
  return (
    <main className="notice" data-testid={testId}>
      <h1 role="status">{title}</h1>
      {hint !== undefined && <p className="quiet">{hint}</p>}
      {action}
    </main>
  );
}
