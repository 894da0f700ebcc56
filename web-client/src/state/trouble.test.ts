import { describe, expect, it } from 'vitest';
import { cutSource, undecodableAs } from './trouble';

describe('a picture that this device cannot decode', () => {
  it('is named as people know it, for its slot alone', () => {
    const slots = { teacher: { codec: 'h264' }, stage: { codec: 'vvc' } };
    expect(undecodableAs(slots, 'teacher')).toBe('H.264');
    expect(undecodableAs(slots, 'stage')).toBe('VVC');
    expect(undecodableAs(slots, 'screen')).toBeNull();
  });
});

describe('what is sent beyond what was agreed', () => {
  it('is nothing, or one source with its limit', () => {
    expect(cutSource({})).toBeNull();
    expect(cutSource({ screen: 6000, camera: 5000 })).toEqual({ source: 'camera', kbps: 5000 });
  });
});
