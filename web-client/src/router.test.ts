import { describe, expect, it } from 'vitest';
import { isTyping } from './lib/keys';
import { sayError } from './lib/say_error';
import { safeTarget } from './pages/sign_in';
import { matchRoute } from './router';

describe('addresses', () => {
  it('lead to pages, with their lesson decoded', () => {
    expect(matchRoute('/lesson/a%2Fb/class')?.id).toBe('a/b');
    for (const path of ['/', '/enter', '/sign-in', '/check', '/lesson/x/teach', '/lesson/x/observe', '/library', '/library/x', '/gallery']) {
      expect(matchRoute(path), path).not.toBeNull();
    }
  });

  it('that are none of ours lead nowhere, also when mistyped', () => {
    for (const path of ['/lesson/x', '/lesson/x/admin', '/library/x/y', '/enter/more', '/library/%E0%A4%A']) {
      expect(matchRoute(path), path).toBeNull();
    }
  });

  it('after signing in stay on this server', () => {
    expect(safeTarget('?to=%2Flesson%2Fx%2Fteach')).toBe('/lesson/x/teach');
    for (const bad of ['?to=https://evil.example', '?to=//evil.example', '?to=/%5Cevil.example', '?to=javascript:alert(1)', '']) {
      expect(safeTarget(bad), bad).toBe('/');
    }
  });
});

describe('small rules', () => {
  it('typing in a box is typing', () => {
    expect([isTyping({ tagName: 'INPUT' }), isTyping({ tagName: 'BUTTON' }), isTyping(null)]).toEqual([true, false, false]);
  });

  it('every failure has words', () => {
    expect([sayError('offline'), sayError('not-live'), sayError('something-new')]).toEqual(['error.unreachable', 'error.notLive', 'error.internal']);
  });
});
