import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { en } from './en';
import { initialLanguage } from './index';
import { zh, type MessageKey } from './zh';

const keys = Object.keys(zh) as MessageKey[];
const holes = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();

function sources(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      if (entry.isDirectory()) return entry.name === 'i18n' ? '' : sources(`${folder}/${entry.name}`);
      return /\.tsx?$/.test(entry.name) && !entry.name.includes('.test.') ? readFileSync(`${folder}/${entry.name}`, 'utf8') : '';
    })
    .join('\n');
}

describe('languages', () => {
  it('have the same keys', () => {
    expect(Object.keys(en).sort()).toEqual([...keys].sort());
  });

  it('have the same holes to fill, key by key', () => {
    for (const key of keys) expect(holes(en[key]), key).toEqual(holes(zh[key]));
  });

  it('are really two languages', () => {
    const chinese = /[一-鿿]/;
    for (const key of keys) {
      // Each language's button names the other; a title may be a hole alone.
      if (key === 'app.language' || key === 'join.title') continue;
      expect(en[key], key).not.toMatch(chinese);
      expect(zh[key], key).toMatch(chinese);
    }
  });

  it('have no word that no page says', () => {
    const code = sources(fileURLToPath(new URL('..', import.meta.url)));
    // Keys that are put together at run time are named by their beginning.
    const unused = keys.filter((key) => {
      const stem = key.slice(0, key.lastIndexOf('.') + 1);
      return !code.includes(`'${key}'`) && !code.includes(`\`${stem}\${`);
    });
    expect(unused).toEqual([]);
  });

  it('begin with Chinese unless a person chose English', () => {
    expect(initialLanguage('', null)).toBe('zh-CN');
    expect(initialLanguage('', 'en')).toBe('en');
    expect(initialLanguage('?lang=en', null)).toBe('en');
    expect(initialLanguage('?lang=zh-CN', 'en')).toBe('zh-CN');
    expect(initialLanguage('?lang=fr', null)).toBe('zh-CN');
  });
});
