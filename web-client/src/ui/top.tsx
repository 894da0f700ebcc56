import type { ReactNode } from 'react';
import { setLanguage, useLanguage, useT } from '../i18n';
import { go } from '../lib/navigate';
import { Button } from './button';

export function LanguageButton() {
  const t = useT();
  const language = useLanguage();
  return (
    <Button kind="bare" lang={language === 'en' ? 'zh-CN' : 'en'} onClick={() => setLanguage(language === 'en' ? 'zh-CN' : 'en')}>
      {t('app.language')}
    </Button>
  );
}

export function Brand() {
  const t = useT();
  return (
    <a className="brand" href="/" onClick={(event) => { event.preventDefault(); go('/'); }}>
      <img src="/icon.svg" width={28} height={28} alt="" />
      {t('app.name')}
    </a>
  );
}

export function Top({ children }: { children?: ReactNode }) {
  return (
    <header className="top">
      <Brand />
      <span className="spring" />
      {children}
      <LanguageButton />
    </header>
  );
}
