import { describe, expect, it } from 'vitest';
import type { SourceStatus } from '../protocol/messages';
import { problemOf, previewSlot, pushAddress, reasonKey, troubled } from './sources';

const live: SourceStatus = { source: 's', name: '板书机位', role: 'board', kind: 'rtsp', address: 'rtsp://10.0.0.8', state: 'live', reason: '', retryIn: 0 };

describe('sources', () => {
  it('says why one is not live, also for reasons that this page does not know', () => {
    expect(reasonKey(live)).toBeNull();
    expect(reasonKey({ ...live, reason: 'unauthorized' })).toBe('sources.reason.unauthorized');
    expect(reasonKey({ ...live, reason: 'something-new' })).toBe('sources.reason.broken');
  });

  it('previews what is live, in the place of its role', () => {
    const feed = { p: 'p1', source: 'board' };
    expect(previewSlot(live, { board: feed })).toBe('board');
    expect(previewSlot({ ...live, role: 'other' }, { board: feed })).toBe('board');
    expect(previewSlot({ ...live, role: 'courseware' }, { screen: feed })).toBe('screen');
    expect(previewSlot(live, { board: null })).toBeNull();
    expect(previewSlot({ ...live, state: 'connecting' }, { board: feed })).toBeNull();
  });

  it('gives encoders the safer address where there are two', () => {
    expect(pushAddress('school.example', 'L', { rtmpPort: 1935, rtmpsPort: 0 })).toBe('rtmp://school.example:1935/L');
    expect(pushAddress('school.example', 'L', { rtmpPort: 1935, rtmpsPort: 1936 })).toBe('rtmps://school.example:1936/L');
    expect(pushAddress('2001:db8::1', 'L', { rtmpPort: 1935, rtmpsPort: 0 })).toBe('rtmp://[2001:db8::1]:1935/L');
    expect(pushAddress('school.example', 'L', { rtmpPort: 0, rtmpsPort: 0 })).toBeNull();
  });

  it('finds what is missing before it is sent', () => {
    const source = { name: '录播机', role: 'board', kind: 'rtsp', url: ' rtsp://10.0.0.8/1 ' } as const;
    expect(problemOf(source)).toBeNull();
    expect(problemOf({ ...source, name: '  ' })).toBe('name');
    expect(problemOf({ ...source, url: 'http://10.0.0.8/' })).toBe('url');
    expect(problemOf({ ...source, url: 'rtsp://' })).toBe('url');
    expect(problemOf({ ...source, kind: 'srt' })).toBe('url');
    expect(problemOf({ name: 'OBS', role: 'courseware', kind: 'rtmp-push' })).toBeNull();
  });

  it('counts what needs looking after', () => {
    expect(troubled([live, { ...live, state: 'retrying' }, { ...live, state: 'waiting', reason: 'no-room' }, { ...live, state: 'off' }])).toBe(2);
  });
});
