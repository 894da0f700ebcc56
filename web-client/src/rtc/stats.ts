// From the browser's counters to the few figures that the server and the page's words need. Pure.
import type { QualityReport } from '../protocol/messages';

/** Sums of counters at one moment; differences of two make a report. */
export interface StatsSample {
  /** Milliseconds. */
  at: number;
  rtt: number;
  bytesUp: number;
  bytesDown: number;
  packetsUp: number;
  packetsDown: number;
  lostUp: number;
  lostDown: number;
  /** Of the main picture; null when it has no section. */
  framesDecoded: number | null;
  freezesMs: number;
  jitterBufferMs: number;
  jitterBufferCount: number;
}

type Stat = Record<string, unknown>;

function figure(stat: Stat, key: string): number {
  const value = stat[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

export function sampleStats(stats: readonly unknown[], mainMid: string | null): StatsSample {
  const sample: StatsSample = {
    at: 0, rtt: 0, bytesUp: 0, bytesDown: 0, packetsUp: 0, packetsDown: 0, lostUp: 0, lostDown: 0,
    framesDecoded: null, freezesMs: 0, jitterBufferMs: 0, jitterBufferCount: 0,
  };
  for (const one of stats) addStat(sample, one as Stat, mainMid);
  return sample;
}

function addStat(sample: StatsSample, stat: Stat, mainMid: string | null): void {
  sample.at = Math.max(sample.at, figure(stat, 'timestamp'));
  switch (stat['type']) {
    case 'transport':
      sample.bytesUp += figure(stat, 'bytesSent');
      sample.bytesDown += figure(stat, 'bytesReceived');
      return;
    case 'candidate-pair':
      if (stat['nominated'] === true) sample.rtt = figure(stat, 'currentRoundTripTime') * 1000;
      return;
    case 'outbound-rtp':
      sample.packetsUp += figure(stat, 'packetsSent');
      return;
    case 'remote-inbound-rtp':
      sample.lostUp += figure(stat, 'packetsLost');
      return;
    case 'inbound-rtp':
      addInbound(sample, stat, mainMid);
      return;
    default:
  }
}

function addInbound(sample: StatsSample, stat: Stat, mainMid: string | null): void {
  sample.packetsDown += figure(stat, 'packetsReceived');
  sample.lostDown += figure(stat, 'packetsLost');
  if (stat['kind'] === 'audio') {
    sample.jitterBufferMs += figure(stat, 'jitterBufferDelay') * 1000;
    sample.jitterBufferCount += figure(stat, 'jitterBufferEmittedCount');
  } else if (mainMid !== null && stat['mid'] === mainMid) {
    sample.framesDecoded = figure(stat, 'framesDecoded');
    sample.freezesMs = figure(stat, 'totalFreezesDuration') * 1000;
  }
}

function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole));
}

/**
 * @param expectsPicture the server says that the main picture is being sent: then a still counter is a freeze, which
 * the browser itself counts only when the next picture comes.
 */
export function report(before: StatsSample, now: StatsSample, expectsPicture: boolean): QualityReport {
  const ms = Math.max(1, now.at - before.at);
  const delta = (key: Exclude<keyof StatsSample, 'framesDecoded'>) => Math.max(0, now[key] - before[key]);
  const played = delta('jitterBufferCount');
  const stoodStill = expectsPicture && now.framesDecoded !== null && now.framesDecoded === before.framesDecoded;
  return {
    rtt: Math.round(now.rtt),
    lossUp: share(delta('lostUp'), delta('packetsUp')),
    lossDown: share(delta('lostDown'), delta('packetsDown') + delta('lostDown')),
    kbpsUp: Math.round((delta('bytesUp') * 8) / ms),
    kbpsDown: Math.round((delta('bytesDown') * 8) / ms),
    frozen: Math.round(stoodStill ? ms : Math.min(ms, delta('freezesMs'))),
    playoutDelay: played > 0 ? Math.round(delta('jitterBufferMs') / played) : 0,
  };
}
