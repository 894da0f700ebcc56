// A line's round trip and download rate by plain HTTP to our own server: no other host is asked.
import { gradeLine, median, type LineGrade } from '../state/measure';

export type LineResult = { kind: 'measured'; rttMs: number; kbps: number; grade: LineGrade } | { kind: 'unreachable' };

const ROUND_TRIPS = 7;
// Long enough to leave TCP's slow start on a rural line, short enough to wait for.
const RATE_MS = 2500;

async function roundTrip(): Promise<number> {
  const start = performance.now();
  const answer = await fetch('/healthz', { cache: 'no-store' });
  await answer.arrayBuffer();
  return performance.now() - start;
}

/** The page's own files, read again past the cache: the only large thing a server is sure to have. */
function ownFiles(): string[] {
  const names = performance.getEntriesByType('resource').map((entry) => entry.name);
  return [...new Set(names)].filter((name) => name.startsWith(window.location.origin) && /\.(js|css)(\?|$)/.test(name));
}

async function read(url: string, onBytes: (n: number) => void, signal: AbortSignal): Promise<void> {
  const reader = (await fetch(url, { cache: 'no-store', signal })).body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) return;
    onBytes(chunk.value.byteLength);
  }
}

async function rate(): Promise<number> {
  const files = ownFiles();
  if (files.length === 0) return 0;
  const abort = new AbortController();
  const start = performance.now();
  let bytes = 0;
  const isOver = () => performance.now() - start >= RATE_MS;
  const stop = setTimeout(() => abort.abort(), RATE_MS);
  const lane = async () => {
    while (!isOver()) for (const file of files) await read(file, (n) => (bytes += n), abort.signal);
  };
  await Promise.all([lane(), lane()]).catch(() => undefined);
  clearTimeout(stop);
  return (bytes * 8) / Math.max(1, performance.now() - start);
}

export async function checkLine(): Promise<LineResult> {
  try {
    // The first pays for name and handshake.
    await roundTrip();
    const trips: number[] = [];
    for (let i = 0; i < ROUND_TRIPS; i += 1) trips.push(await roundTrip());
    const rttMs = Math.round(median(trips));
    const kbps = Math.round(await rate());
    return { kind: 'measured', rttMs, kbps, grade: gradeLine(rttMs, kbps) };
  } catch {
    return { kind: 'unreachable' };
  }
}
