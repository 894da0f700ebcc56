// From what a page noted to the figures of the table, and the table's targets. Pure.

// Sum of a counter's steps over the samples within [from, to]; a new connection counts from zero again.
export function increase(samples, slot, key, from, to) {
  let sum = 0;
  let before = null;
  for (const s of samples) {
    if (s.at > to) break;
    const value = s[slot]?.[key];
    if (value === undefined) continue;
    const base = before === null ? value : before.peer === s.peer && value >= before.value ? before.value : 0;
    if (s.at >= from) sum += value - base;
    before = { peer: s.peer, value };
  }
  return sum;
}

const ratio = (a, b) => (b > 0 ? a / b : 0);

// A page may take so long from its first sound to its first picture; longer is a freeze.
const FIRST_PICTURE_MS = 1_000;
const SETTLING_MS = 5_000;

// W3C webrtc-stats: a picture froze when the next came after more than max(3 times the average, average + 150 ms). The
// browser counts one only when the next picture has come; here the end of the window counts as that.
export function freezes(shown, from, to) {
  const times = [...shown.map(([at]) => at).filter((at) => at >= from && at <= to), to];
  const out = { frozenMs: 0, longestMs: 0, count: 0, longestAfterSettlingMs: 0 };
  const recent = [];
  let before = from;
  times.forEach((at, i) => {
    const gap = at - before;
    const average = recent.length === 0 ? 66 : recent.reduce((a, b) => a + b, 0) / recent.length;
    if (gap > (i === 0 ? FIRST_PICTURE_MS : Math.max(3 * average, average + 150))) {
      out.frozenMs += gap;
      out.count += 1;
    } else if (i > 0) {
      recent.push(gap);
      if (recent.length > 30) recent.shift();
    }
    if (i > 0 || gap > FIRST_PICTURE_MS) out.longestMs = Math.max(out.longestMs, gap);
    out.longestAfterSettlingMs = Math.max(out.longestAfterSettlingMs, at - Math.max(before, from + SETTLING_MS));
    before = at;
  });
  return out;
}

// Share of the time for which each height was shown.
export function heights(shown, from, to) {
  const within = shown.filter(([at]) => at >= from && at <= to);
  const spans = {};
  within.forEach(([at, , height], i) => {
    const until = within[i + 1]?.[0] ?? to;
    spans[height] = (spans[height] ?? 0) + until - at;
  });
  return Object.fromEntries(Object.entries(spans).map(([height, ms]) => [height, Number((ms / (to - from)).toFixed(3))]));
}

// Seconds from `since` until at least half of what is played is received sound again; null when it never is.
export function soundBackAfter(samples, since) {
  let before = null;
  for (const s of samples) {
    const voice = s['voice-teacher'];
    if (!voice) continue;
    if (before !== null && s.at > since && before.peer === s.peer) {
      const total = voice.totalSamplesReceived - before.voice.totalSamplesReceived;
      const made = voice.concealedSamples - before.voice.concealedSamples;
      const came = voice.packetsReceived - before.voice.packetsReceived;
      if (came > 0 && total > 0 && made < total / 2) return Math.max(0, s.at - since) / 1000;
    }
    before = { peer: s.peer, voice };
  }
  return null;
}

// Seconds from `since` until a connection made later than that was connected; null when there was none.
function connectedAfter(samples, since) {
  const before = samples.findLast((s) => s.at <= since)?.peer ?? -1;
  const first = samples.find((s) => s.at > since && s.peer > before && s.state === 'connected');
  return first ? (first.at - since) / 1000 : null;
}

// `line` is the emulator's report at the end of the window; `event` the moment after which sound or picture must be back.
export function figures({ notes, joined, from, to, line, event = null }) {
  const { samples, shown } = notes;
  const voice = (key) => increase(samples, 'voice-teacher', key, from, to);
  const picture = (key) => increase(samples, 'teacher', key, from, to);
  const total = voice('totalSamplesReceived');
  const still = freezes(shown, from, to);
  const top = shown.find(([at, , height]) => at >= joined && height >= 720);
  const topAgain = event === null ? null : shown.find(([at, , height]) => at >= event && height >= 720);
  const seconds = (to - from) / 1000;
  return {
    seconds,
    heard_s: total / 48_000,
    concealed_percent: 100 * ratio(voice('concealedSamples') - voice('silentConcealedSamples'), total),
    concealed_with_silence_percent: 100 * ratio(voice('concealedSamples'), total),
    frozen_percent: (100 * still.frozenMs) / (to - from),
    longest_gap_s: still.longestMs / 1000,
    longest_gap_after_5s_s: still.longestAfterSettlingMs / 1000,
    browser_freezes: picture('freezeCount'),
    browser_frozen_percent: (100 * picture('totalFreezesDuration')) / seconds,
    frames_per_second: picture('framesDecoded') / seconds,
    heights: heights(shown, from, to),
    top_layer_after_s: top ? (top[0] - joined) / 1000 : null,
    top_layer_back_after_s: topAgain ? (topAgain[0] - event) / 1000 : null,
    sound_back_after_s: event === null ? null : soundBackAfter(samples, event),
    connected_back_after_s: event === null ? null : connectedAfter(samples, event),
    voice_buffer_ms: 1000 * ratio(voice('jitterBufferDelay'), voice('jitterBufferEmittedCount')),
    picture_buffer_ms: 1000 * ratio(picture('jitterBufferDelay'), picture('jitterBufferEmittedCount')),
    queue_p95_ms: line.down.queue_wait.p95_ms,
    kbits: (line.down.delivered_bytes * 8) / 1000 / line.seconds,
    line_lost_percent: 100 * ratio(Object.values(line.down.lost).reduce((a, b) => a + b, 0), line.down.offered_packets),
    nacks: picture('nackCount'),
    key_frame_requests: picture('pliCount'),
    retransmitted: picture('retransmittedPacketsReceived'),
    emulator_late_p99_ms: line.lateness.p99_ms,
  };
}

// [figure, the most that it may be]; null counts as missed. `at_s`: when the schedule's event is over.
export const LINES = {
  clean: { title: 'clean', targets: [['concealed_percent', 0.1], ['frozen_percent', 0], ['top_layer_after_s', 3]] },
  loss5: { title: '5 % random loss', targets: [['concealed_percent', 0.3], ['frozen_percent', 1]] },
  burst10: { title: '10 % in bursts of 4', targets: [['concealed_percent', 1], ['frozen_percent', 5]] },
  loss20: { title: '20 % random loss', targets: [['concealed_percent', 1], ['frozen_percent', 15]] },
  loss30: { title: '30 % random loss', targets: [['concealed_percent', 3]] },
  k600: { title: '600 kbit/s', targets: [['concealed_percent', 0.3], ['longest_gap_after_5s_s', 1], ['queue_p95_ms', 150]] },
  tiny: { title: '300 kbit/s', targets: [['concealed_percent', 0.5]] },
  k100: { title: '100 kbit/s', targets: [['concealed_percent', 1]] },
  step: { title: '2 Mbit/s, 300 kbit/s, 2 Mbit/s', at_s: 35, targets: [['concealed_percent', 1], ['top_layer_back_after_s', 12]] },
  out3: { title: 'out for 3 s', at_s: 23, targets: [['sound_back_after_s', 1]] },
  out30: { title: 'out for 30 s', at_s: 45, targets: [['sound_back_after_s', 2]] },
  restart: { title: 'server restarted', profile: 'clean', restarts: true, targets: [['sound_back_after_s', 5]] },
  'village-dsl': { title: '2 Mbit/s / 512 kbit/s, 1 %', targets: [] },
  'lossy-wifi': { title: '10 Mbit/s, 10 % in bursts, jitter', targets: [] },
  '4g-fair': { title: 'mobile trace, 4 Mbit/s mean', targets: [] },
  satellite: { title: '600 ms round trip', targets: [] },
  flapping: { title: 'out 3 s every 30 s', targets: [] },
};
// What the project promises; the others are run when named.
export const TABLE = ['clean', 'loss5', 'burst10', 'loss20', 'loss30', 'k600', 'tiny', 'k100', 'step', 'out3', 'out30', 'restart'];

// The middle value; a run without the figure counts as the worst. Of two the worse.
export function median(values) {
  const sorted = values.map((v) => (v === null ? Infinity : v)).toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return middle === Infinity || middle === undefined ? null : middle;
}

export function judge(name, runs) {
  const figure = (key) => median(runs.map((r) => r[key]));
  const checks = LINES[name].targets.map(([key, most]) => {
    const value = figure(key);
    return { key, most, value, met: value !== null && value <= most };
  });
  return { met: checks.every((c) => c.met), checks };
}
