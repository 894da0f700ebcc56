import i18next, { type i18n } from 'i18next';
import { useSyncExternalStore } from 'react';
import { en } from './en';
import { zh, type MessageKey } from './zh';

export type Language = 'zh-CN' | 'en';
export type Translate = (key: MessageKey, values?: Record<string, string | number>) => string;
export type { MessageKey };

const KEY = 'tongke.language';

/** Chinese unless a person chose otherwise here: a school's browser is often set to English by accident. */
export function initialLanguage(search: string, stored: string | null): Language {
  const asked = new URLSearchParams(search).get('lang') ?? stored;
  return asked === 'en' ? 'en' : 'zh-CN';
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

const instance: i18n = i18next.createInstance();

export function startLanguage(): void {
  const language = initialLanguage(window.location.search, stored());
  void instance.init({
    lng: language,
    fallbackLng: 'zh-CN',
    initAsync: false,
    showSupportNotice: false,
    // Keys are whole names with dots, and React escapes.
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
    resources: { 'zh-CN': { translation: zh }, en: { translation: en } },
  });
  document.documentElement.lang = language;
}

export function setLanguage(language: Language): void {
  void instance.changeLanguage(language);
  document.documentElement.lang = language;
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

const watch = (watcher: () => void) => {
  instance.on('languageChanged', watcher);
  return () => instance.off('languageChanged', watcher);
};

export function useLanguage(): Language {
  return useSyncExternalStore(watch, () => (instance.language === 'en' ? 'en' : 'zh-CN'));
}

const t: Translate = (key, values) => instance.t(key, values ?? {});

export function useT(): Translate {
  useLanguage();
  return t;
}
