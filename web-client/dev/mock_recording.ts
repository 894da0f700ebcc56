// An invented recording: files that Chromium makes itself on the spot are not needed to look at the page, so tracks
// point at files that are not there and the player shows what it shows when media is missing.
import type { Participant } from '../src/protocol/messages';

const US = 1_000_000;

export function recording(lesson: object, participants: Participant[]) {
  const durationUs = 2490 * US;
  const file = (id: string, startUs: number, endUs: number) => ({ id, url: `/recordings/demo/${id}.webm`, codec: 'vp8', startUs, endUs });
  const tracks = participants.flatMap((one) => [
    { participant: one.p, name: one.name, role: one.role, source: 'camera', segments: [file(`${one.p}c`, one.p === 'p3' ? 900 * US : 0, durationUs)] },
    { participant: one.p, name: one.name, role: one.role, source: 'microphone', segments: [file(`${one.p}m`, 0, durationUs)] },
  ]);
  tracks.push({ participant: 'p1', name: '林晓燕', role: 'teacher', source: 'screen', segments: [file('p1s', 0, 2000 * US)] });
  const bodies: [number, object][] = participants.map((one) => [0, { kind: 'participant-joined', participant: { ...one, hand: false, onStage: false } }]);
  for (let at = 10; at < 2400; at += 240) {
    bodies.push([at, { kind: 'voice', p: 'p1', speaking: true }], [at + 150, { kind: 'voice', p: 'p1', speaking: false }]);
    bodies.push([at + 140, { kind: 'hand', p: 'p2', up: true }], [at + 155, { kind: 'stage', p: 'p2', previous: null }]);
    bodies.push([at + 160, { kind: 'voice', p: 'p2', speaking: true }], [at + 220, { kind: 'voice', p: 'p2', speaking: false }]);
    bodies.push([at + 200, { kind: 'chat', p: 'p3', name: '飞竹小学 三年级二班', text: '我们也想到了这个做法' }], [at + 225, { kind: 'stage', p: null, previous: 'p2' }]);
  }
  const events = bodies.map(([at, body], i) => ({ t: 'event', n: i + 1, at: at * US, ...body }));
  return { lesson, durationUs, tracks, events };
}
