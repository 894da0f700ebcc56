import type { ButtonHTMLAttributes } from 'react';

type Kind = 'plain' | 'primary' | 'danger' | 'bare';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: Kind;
  size?: 'normal' | 'small' | 'big';
  /** A switch that is on; said to screen readers too. */
  on?: boolean;
}

export function Button({ kind = 'plain', size = 'normal', on, className, ...rest }: ButtonProps) {
  const names = ['button', kind, size === 'normal' ? '' : size, on === true ? 'on' : '', className ?? ''];
  return <button type="button" className={names.filter(Boolean).join(' ')} {...(on === undefined ? {} : { 'aria-pressed': on })} {...rest} />;
}
