// The figures of `./dev bench --lines` from samples that are known.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figures, freezes, heights, increase, judge, median, soundBackAfter } from '../bench/weak_line_figures.mjs';

const pictures = (from, to, everyMs = 33, height = 720) => {
  const out = [];
  for (let at = from; at <= to; at += everyMs) out.push([at, (height * 16) / 9, height]);
  return out;
};

test('a steady picture does not freeze, a gap counts whole, and one that never ends counts to the end', () => {
  assert.deepEqual(freezes(pictures(100, 10_000), 0, 10_000), { frozenMs: 0, longestMs: 33, count: 0, longestAfterSettlingMs: 33 });
  const gap = freezes([...pictures(0, 6_000), ...pictures(7_000, 10_000)], 0, 10_000);
  assert.equal(gap.count, 1);
  assert.ok(gap.frozenMs >= 1_000 && gap.frozenMs < 1_040, String(gap.frozenMs));
  const gone = freezes(pictures(0, 4_000), 0, 60_000);
  assert.ok(gone.frozenMs > 55_900, String(gone.frozenMs));
  assert.equal(gone.longestAfterSettlingMs, 55_000);
  assert.deepEqual(freezes([], 0, 10_000), { frozenMs: 10_000, longestMs: 10_000, count: 1, longestAfterSettlingMs: 5_000 });
});

test('counters add up over connections that count from zero again', () => {
  const at = (ms, peer, n) => ({ at: ms, peer, 'voice-teacher': { packetsReceived: n } });
  const samples = [at(0, 0, 100), at(1_000, 0, 150), at(2_000, 0, 200), at(3_000, 1, 30), at(4_000, 1, 80)];
  assert.equal(increase(samples, 'voice-teacher', 'packetsReceived', 1_000, 4_000), 50 + 50 + 30 + 50);
  assert.equal(increase(samples, 'voice-teacher', 'packetsReceived', 1_500, 2_500), 50);
  assert.equal(increase(samples, 'teacher', 'framesDecoded', 0, 4_000), 0);
});

test('sound is back with the first stretch that is mostly received, not with the first packet', () => {
  const at = (ms, packets, total, concealed, peer = 0) => ({ at: ms, peer,
    'voice-teacher': { packetsReceived: packets, totalSamplesReceived: total, concealedSamples: concealed } });
  const samples = [at(0, 10, 0, 0), at(200, 10, 9_600, 9_600), at(400, 12, 19_200, 18_000), at(600, 22, 28_800, 18_000)];
  assert.equal(soundBackAfter(samples, 100), 0.5);
  assert.equal(soundBackAfter(samples, 700), null);
});

test('what was shown is told by height', () => {
  assert.deepEqual(heights([...pictures(0, 4_999), ...pictures(5_000, 10_000, 33, 180)], 0, 10_000), { 180: 0.5, 720: 0.5 });
});

test('medians take a missing figure for the worst, and targets are held against them', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([null, 1, 2]), 2);
  assert.equal(median([null, null, 2]), null);
  const run = (concealed, frozen, top) => ({ concealed_percent: concealed, frozen_percent: frozen, top_layer_after_s: top });
  assert.ok(judge('clean', [run(0.05, 0, 2)]).met);
  assert.ok(!judge('clean', [run(0.2, 0, 2)]).met);
  assert.ok(!judge('clean', [run(0.05, 0, null)]).met);
});

test('one run makes the figures of a row', () => {
  const samples = [];
  for (let i = 0; i <= 50; i += 1) {
    samples.push({ at: i * 200, peer: 0, 'voice-teacher': { packetsReceived: i * 10, totalSamplesReceived: i * 9_600, concealedSamples: i * 96,
      silentConcealedSamples: i * 48, jitterBufferDelay: i * 960, jitterBufferEmittedCount: i * 9_600 },
    teacher: { framesDecoded: i * 6, freezeCount: 0, totalFreezesDuration: 0 } });
  }
  const line = { seconds: 10, lateness: { p99_ms: 1 },
    down: { queue_wait: { p95_ms: 40 }, delivered_bytes: 1_250_000, offered_packets: 200, lost: { random: 10, burst: 0 } } };
  const row = figures({ notes: { samples, shown: pictures(200, 10_000) }, joined: -500, from: 0, to: 10_000, line });
  assert.equal(row.concealed_percent, 0.5);
  assert.equal(row.concealed_with_silence_percent, 1);
  assert.equal(row.frozen_percent, 0);
  assert.equal(row.top_layer_after_s, 0.7);
  assert.equal(row.voice_buffer_ms, 100);
  assert.equal(row.kbits, 1_000);
  assert.equal(row.line_lost_percent, 5);
  assert.equal(row.frames_per_second, 30);
});
