import { describe, expect, it } from 'vitest';
import { sayRelief } from './relief';

describe('what a busy server leaves out', () => {
  it('is not mentioned when it is nothing, or nothing that this page shows', () => {
    expect(sayRelief('none', true)).toBeNull();
    expect(sayRelief('no-thumbnails', false)).toBeNull();
  });
  it('is said from the smallest to the most', () => {
    expect(sayRelief('no-thumbnails', true)).toBe('relief.thumbnails');
    expect(sayRelief('low-main', false)).toBe('relief.pictures');
    expect(sayRelief('no-main', false)).toBe('relief.voices');
  });
  it('is said even for a step of a newer server', () => {
    expect(sayRelief('something-new', false)).toBe('relief.voices');
  });
});
