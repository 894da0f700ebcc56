// The main job: a teacher with a real camera picture and real speech, two classes, one call, one bell, one recording.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { artifacts, byTestId, until } from './lib/browser.mjs';
import { api, enter, hears, join, seesPicture, slots, strangersHeard } from './lib/classroom.mjs';
import { Server } from './lib/server.mjs';

// Mean square amplitude of speech after Opus is far above this; a silent or muted line stays near zero.
const SPEECH_POWER = 1e-5;

let server;
let teacher;
let classA;
let classB;
let observer;
let roster;

before(async () => {
  server = await Server.start();
  const lesson = (await api(server, `/api/v1/lessons/${server.lesson}`, server.token('teacher'))).json();
  roster = lesson.classes;
  assert.ok(roster.length >= 2, 'the demo lesson has classes');
}, { timeout: 60_000 });

after(async () => {
  for (const browser of [teacher, classA, classB, observer]) await browser?.close();
  await server?.stop();
  server?.cleanUp();
});

test('every class sees the teacher and hears the speech', { timeout: 120_000 }, async () => {
  teacher = await enter(server, 'teacher', { name: 'teacher' });
  await join(teacher);
  classA = await enter(server, 'class', { name: 'class-a', extra: ['--class', roster[0].id] });
  await join(classA);
  classB = await enter(server, 'class', { name: 'class-b', extra: ['--class', roster[1].id] });
  await join(classB);
  for (const room of [classA, classB]) {
    await seesPicture(room, 'teacher', 30);
    const heard = await hears(room, 'voice-teacher', 5);
    assert.ok(heard.power > SPEECH_POWER, `speech is heard: ${heard.power}`);
    assert.ok(heard.concealed < 0.2, `share of concealed sound: ${heard.concealed}`);
  }
  await teacher.shot('teacher-console');
  await classA.shot('class-screen');
});

test('the teacher sees each class on the wall', { timeout: 60_000 }, async () => {
  await seesPicture(teacher, 'wall-0', 10);
  await seesPicture(teacher, 'wall-1', 10);
});

test('an observer sees everything and is seen by nobody', { timeout: 60_000 }, async () => {
  observer = await enter(server, 'observer');
  await join(observer);
  await seesPicture(observer, 'teacher', 10);
  await seesPicture(observer, 'wall-0', 5);
  const { sent } = await slots(observer);
  assert.deepEqual(sent, {}, 'an observer sends nothing');
  assert.equal(await teacher.page.locator('[data-testid^="class-tile-"]').count(), 2, 'the wall shows the two classes alone');
  await observer.shot('observer');
});

test('an uncalled class is not heard; a hand is raised, the class is called and heard by the other', { timeout: 120_000 }, async () => {
  assert.equal(await strangersHeard(classB), 0, 'nothing but the teacher has been heard in class B');
  assert.equal(await strangersHeard(classA), 0);
  await byTestId(classA.page, 'raise-hand').click();
  const tile = teacher.page.locator('[data-testid^="class-tile-"][data-hand="true"]');
  await tile.waitFor();
  await teacher.shot('teacher-hand-raised');
  const participant = (await tile.first().getAttribute('data-testid')).slice('class-tile-'.length);
  await byTestId(teacher.page, `call-${participant}`).click();
  await seesPicture(classB, 'stage', 15);
  const heard = await hears(classB, 'voice-stage', 5);
  assert.ok(heard.power > SPEECH_POWER, `the called class is heard: ${heard.power}`);
  await classB.shot('class-stage');
  await teacher.shot('teacher-stage');
  await byTestId(teacher.page, 'release').click();
  await until(teacher.page, (p) => !document.querySelector(`[data-testid="class-tile-${p}"][data-on-stage="true"]`), participant);
  const quiet = (await slots(classB)).slots['voice-stage'].packets;
  await hears(classB, 'voice-teacher', 3);
  const later = (await slots(classB)).slots['voice-stage'].packets;
  // Packets in flight when the release took effect: at most a fifth of a second of Opus.
  assert.ok(later - quiet <= 10, `voice still forwarded after release: ${later - quiet} packets`);
});

test('chat reaches everyone', { timeout: 60_000 }, async () => {
  await byTestId(teacher.page, 'chat-input').fill('请翻到第十二页');
  await byTestId(teacher.page, 'chat-input').press('Enter');
  await observer.page.getByText('请翻到第十二页').first().waitFor();
});

test('a cut connection comes back without a click and keeps its mute', { timeout: 120_000 }, async () => {
  const tile = teacher.page.locator('[data-testid^="class-tile-"]').first();
  const participant = (await tile.getAttribute('data-testid')).slice('class-tile-'.length);
  await byTestId(teacher.page, `mute-${participant}`).click();
  // The whole server stands still for longer than browsers wait before they call a connection disconnected.
  server.child.kill('SIGSTOP');
  try {
    await until(classB.page, () => window.__peers.at(-1).iceConnectionState !== 'connected' && window.__peers.at(-1).iceConnectionState !== 'completed',
      null, { timeout: 40_000, what: 'the browser notices the silence' });
  } finally {
    server.child.kill('SIGCONT');
  }
  for (const room of [classA, classB]) {
    await seesPicture(room, 'teacher', 15);
    assert.ok((await hears(room, 'voice-teacher', 3)).power > 0);
  }
  await byTestId(teacher.page, `call-${participant}`).click();
  await seesPicture(classB, 'teacher', 30);
  assert.equal(await strangersHeardSince(classB), 0, 'a muted class stays unheard after it returned, even on the stage');
  await byTestId(teacher.page, 'release').click();
});

// Voice packets of others within the next three seconds of the teacher's voice.
async function strangersHeardSince(room) {
  const start = await strangersHeard(room);
  await hears(room, 'voice-teacher', 3);
  return (await strangersHeard(room)) - start;
}

test('at the bell the recording plays at once, in step, with its events', { timeout: 180_000 }, async () => {
  await byTestId(teacher.page, 'end-lesson').click();
  await until(classA.page, () => document.querySelector('[data-testid="lesson-ended"]') !== null, null, { what: 'classes are told', timeout: 30_000 });
  await classA.shot('class-ended');
  const token = server.token('observer');
  let recording;
  await until(teacher.page, async ([url, bearer]) => {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${bearer}` } });
    return answer.ok && (await answer.json()).tracks.every((t) => t.segments.every((s) => s.endUs > 0));
  }, [`${server.https}/api/v1/recordings/${server.lesson}`, token], { what: 'all segments are finished', timeout: 15_000 });
  recording = (await api(server, `/api/v1/recordings/${server.lesson}`, token)).json();
  const kinds = recording.events.map((event) => event.kind);
  for (const kind of ['participant-joined', 'hand', 'stage', 'chat', 'mute', 'lesson-ended']) {
    assert.ok(kinds.includes(kind), `the event log has ${kind}`);
  }
  const joined = recording.events.filter((event) => event.kind === 'participant-joined').map((event) => event.participant.role);
  assert.deepEqual(joined.toSorted(), ['class', 'class', 'teacher'], 'no event tells of the observer');
  assert.deepEqual(recording.events.map((event) => event.n), recording.events.map((_, i) => i + 1), 'numbers without gaps');
  const sources = recording.tracks.map((track) => `${track.role}/${track.source}`);
  assert.ok(sources.includes('teacher/microphone') && sources.includes('teacher/camera'), sources.join());
  assert.ok(sources.filter((s) => s === 'class/camera').length >= 2, sources.join());
  await playRecording(recording);
});

async function playRecording(recording) {
  const viewer = await enter(server, 'observer');
  try {
    await viewer.page.goto(`${server.https}/library/${server.lesson}`);
    await byTestId(viewer.page, 'player-play').click();
    const playing = () => [...document.querySelectorAll('video,audio')].filter((m) => m.readyState >= 2 && !m.paused);
    await until(viewer.page, `(${playing})().length >= 2`, null, { what: 'tracks play' });
    const frames = () => [...document.querySelectorAll('video')].reduce((n, v) => n + v.getVideoPlaybackQuality().totalVideoFrames, 0);
    const start = await viewer.page.evaluate(frames);
    await until(viewer.page, `(${frames})() > ${start + 30}`, null, { what: 'pictures are decoded' });
    const sound = await until(viewer.page, () => [...document.querySelectorAll('video,audio')].reduce((n, m) => n + (m.webkitAudioDecodedByteCount ?? 0), 0) || false,
      null, { what: 'sound is decoded' });
    assert.ok(sound > 0);
    await viewer.shot('player');
    // Jump to just after the class was called: the event log says when.
    const call = recording.events.find((event) => event.kind === 'stage' && event.p);
    const seek = (call.at + 3_000_000) / 1e6;
    await viewer.page.evaluate((t) => window.__tongke.player.seek(t), seek);
    await until(viewer.page, (t) => Math.abs(window.__tongke.player.time() - t) < 6 && window.__tongke.player.drift() < 0.15
      && [...document.querySelectorAll('video')].some((v) => !v.paused && v.readyState >= 3), seek, { what: 'tracks are in step after a seek' });
    await viewer.shot('player-at-call');
    const segment = recording.tracks.find((t) => t.role === 'teacher' && t.source === 'camera').segments[0];
    const part = await api(server, segment.url, server.token('observer'), { headers: { range: 'bytes=0-99' } });
    assert.equal(part.status, 206);
    assert.equal(part.body.length, 100);
    assert.equal((await api(server, segment.url, 'wrong')).status, 401);
  } finally {
    await viewer.close();
  }
}

test('no page asked anybody else for anything, and none threw', () => {
  for (const browser of [teacher, classA, classB, observer]) {
    assert.deepEqual(browser.foreign, []);
    assert.deepEqual(browser.errors.filter((line) => !/net::ERR_|WebSocket|Failed to load resource/.test(line)), [], artifacts);
  }
});
