import { expect, test } from 'vitest';
import { behind, hasStream, isTooFarBehind, isWeak, onHttpError, renewIn, withGrant } from './stream_address';

test('an address is renewed half a minute before it runs out, and never in a rush', () => {
  expect(renewIn({ expiresAt: 400e6, serverTime: 100e6 })).toBe(270_000);
  expect(renewIn({ expiresAt: 100e6, serverTime: 100e6 })).toBe(1_000);
});

test('a request takes the newest grant and keeps everything else', () => {
  expect(withGrant('https://a/hls/L/1.old/av.m3u8?_HLS_msn=5&_HLS_part=2', '/hls/L/2.new/master.m3u8'))
    .toBe('https://a/hls/L/2.new/av.m3u8?_HLS_msn=5&_HLS_part=2');
  expect(withGrant('https://a/other', '/hls/L/2.new/master.m3u8')).toBe('https://a/other');
  expect(withGrant('https://a/hls/L/1.old/x', '/nothing')).toBe('https://a/hls/L/1.old/x');
});

test('a signature with a dollar sign is put in as it is', () => {
  expect(withGrant('/hls/L/old/x', '/hls/L/1.$&/master.m3u8')).toBe('/hls/L/1.$&/x');
});

test('how far behind is told in tenths of a second', () => {
  expect(behind(1_000, 3_449)).toBe(2.4);
  expect(behind(5_000, 4_000)).toBe(0);
});

test('a void address is renewed, anything else is tried again', () => {
  expect([401, 403].map(onHttpError)).toEqual(['renew', 'renew']);
  expect([undefined, 0, 404, 500, 503].map(onHttpError)).toEqual(Array(5).fill('retry'));
});

test('three stalls within half a minute make a line weak', () => {
  expect(isWeak([0, 10_000, 20_000], 20_000)).toBe(true);
  expect(isWeak([0, 10_000], 10_000)).toBe(false);
  expect(isWeak([0, 10_000, 30_000], 30_000)).toBe(false);
});

test('a little behind is made up by playing faster, more by a jump', () => {
  expect(isTooFarBehind(5)).toBe(false);
  expect(isTooFarBehind(12)).toBe(true);
});

test('what nobody outside may watch has no stream', () => {
  expect(['synchronous-lesson', 'open-lesson', 'lecture', 'consultation', 'lesson-prep'].map(hasStream)).toEqual([true, true, true, false, false]);
});
