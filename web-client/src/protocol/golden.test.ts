// The samples that the server's tests read too: what the server sends is understood whole, what this page sends has
// the sample's shape.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BadMessage, parseServerMessage } from './guards';
import type { ClientMessage } from './messages';

interface Sample {
  name: string;
  direction: 'server' | 'client';
  message: Record<string, unknown>;
}

const FOLDER = fileURLToPath(new URL('../../../tests/data/protocol/', import.meta.url));
const samples: Sample[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({ name: file, ...(JSON.parse(readFileSync(FOLDER + file, 'utf8')) as Omit<Sample, 'name'>) }));
const fromServer = samples.filter((sample) => sample.direction === 'server');
const fromClient = samples.filter((sample) => sample.direction === 'client');

// One of each request, with the sample's values: the compiler checks the type, the test that it is the sample's.
const ours: ClientMessage[] = [
  { t: 'start', id: 11 },
  { t: 'end', id: 12 },
  { t: 'release', id: 15 },
  { t: 'ping', id: 23 },
  { t: 'hand', id: 13, up: true },
  { t: 'chat', id: 19, text: '老师好！' },
  { t: 'quality', id: 22, rtt: 82.5, lossUp: 0.01, lossDown: 0.02, kbpsUp: 900, kbpsDown: 1200.5, frozen: 0, playoutDelay: 210 },
  { t: 'limit', id: 9, slot: 'wall-0', layer: 0 },
  { t: 'mute', id: 16, p: 'p3', muted: true },
  { t: 'call', id: 14, p: 'p3' },
  { t: 'remove', id: 17, p: 'p3' },
  { t: 'readmit', id: 18, p: 'p3' },
  { t: 'headcount', id: 20, n: 32 },
  { t: 'media', id: 21, mic: true, camera: true, screen: false },
  { t: 'wall', id: 10, show: ['p3', 'p4'] },
  { t: 'view', id: 24, hidden: ['teacher', 'wall-3'] },
  { t: 'hello', id: 1, v: 1, lesson: 'l' },
  { t: 'offer', id: 2, sdp: 'v=0', sections: [{ mid: '4', use: 'slot', slot: 'teacher' }] },
];

/** Every field that the sample has and this page reads must come out with the sample's value. */
function expectContained(parsed: unknown, sample: unknown, path: string): void {
  if (Array.isArray(parsed)) {
    expect(sample, path).toHaveLength(parsed.length);
    parsed.forEach((one, i) => expectContained(one, (sample as unknown[])[i], `${path}[${i}]`));
  } else if (typeof parsed === 'object' && parsed !== null) {
    for (const [key, value] of Object.entries(parsed)) {
      expectContained(value, (sample as Record<string, unknown>)[key], `${path}.${key}`);
    }
  } else {
    expect(parsed ?? null, path).toEqual(sample ?? null);
  }
}

describe('golden messages of the server', () => {
  it('are there, of every kind', () => {
    expect(fromServer.length).toBeGreaterThan(20);
    expect(fromClient.length).toBeGreaterThan(15);
  });

  it.each(fromServer.map((sample) => [sample.name, sample] as const))('%s is read whole', (_name, sample) => {
    const parsed = parseServerMessage(JSON.stringify(sample.message));
    expect(parsed).not.toHaveProperty('kind', 'unknown');
    expectContained(parsed, sample.message, 'message');
  });

  it.each(fromServer.map((sample) => [sample.name, sample] as const))('%s without one of its fields is refused or read with less', (_name, sample) => {
    for (const key of Object.keys(sample.message)) {
      const broken = { ...sample.message, [key]: { not: 'this' } };
      try {
        const parsed = parseServerMessage(JSON.stringify(broken));
        // What is read in spite of a broken field does not carry the broken value.
        expect(JSON.stringify(parsed)).not.toContain('"not":"this"');
      } catch (error) {
        expect(error).toBeInstanceOf(BadMessage);
      }
    }
  });
});

describe('golden messages of the client', () => {
  it.each(ours.map((message) => [message.t, message] as const))('%s has the fields of its sample', (name, message) => {
    const sample = fromClient.find((one) => one.name === `${name}.json`);
    expect(sample, name).toBeDefined();
    const required = Object.keys(sample?.message ?? {}).filter((key) => key !== 'restart');
    expect(Object.keys(message).sort()).toEqual(required.sort());
    for (const key of required) expect(typeof message[key as keyof typeof message], key).toBe(typeof sample?.message[key]);
  });

  it('every sample of a client is a request that this page can make', () => {
    const known = new Set<unknown>(ours.map((message) => message.t));
    expect(fromClient.filter((sample) => !known.has(sample.message['t'])).map((sample) => sample.name)).toEqual([]);
  });
});

describe('parseServerMessage', () => {
  it.each(['', '{', '[]', '7', 'null', '{"t":"nonsense"}', '{"id":1}'])('refuses %s', (raw) => {
    expect(() => parseServerMessage(raw)).toThrow(BadMessage);
  });

  it('keeps the number of an event that it does not know', () => {
    expect(parseServerMessage('{"t":"event","n":9,"at":1,"kind":"new"}')).toEqual({ t: 'event', n: 9, at: 1, kind: 'unknown' });
  });

  it('an error code of a newer server still tells its message', () => {
    expect(parseServerMessage('{"t":"error","id":4,"code":"quota","message":"full"}')).toEqual({
      t: 'error', id: 4, code: 'internal', message: 'full',
    });
  });
});
