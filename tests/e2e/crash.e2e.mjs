// A server killed in the middle of a lesson: pages come back by themselves, and the recording is there but for its last
// two seconds.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { byTestId, until } from './lib/browser.mjs';
import { api, enter, hears, join, seesPicture } from './lib/classroom.mjs';
import { freeTcpPort, freeUdpPort } from './lib/ports.mjs';
import { Server } from './lib/server.mjs';

const LOST_LIMIT_US = 2_000_000;

let server;
let ports;
let teacher;
let classA;

before(async () => {
  ports = { httpPort: await freeTcpPort(), mediaPort: await freeUdpPort() };
  server = await Server.start(ports);
}, { timeout: 60_000 });

after(async () => {
  await teacher?.close();
  await classA?.close();
  await server?.stop();
  server?.cleanUp();
});

test('after SIGKILL and a restart the lesson goes on without a click, and at most two seconds are missing', { timeout: 240_000 }, async () => {
  const token = server.token('teacher');
  const lesson = (await api(server, `/api/v1/lessons/${server.lesson}`, token)).json();
  teacher = await enter(server, 'teacher', { name: 'teacher' });
  await join(teacher);
  classA = await enter(server, 'class', { name: 'class-a', extra: ['--class', lesson.classes[0].id] });
  await join(classA);
  await seesPicture(classA, 'teacher', 30);
  await hears(classA, 'voice-teacher', 8);

  await server.stop('SIGKILL');
  const killedAt = Date.now() * 1000;
  server = await Server.start({ data: server.data, ...ports });
  assert.equal((await api(server, `/api/v1/lessons/${server.lesson}`, token)).json().state, 'live');
  await seesPicture(classA, 'teacher', 30);
  assert.ok((await hears(classA, 'voice-teacher', 4)).power > 1e-6);

  await byTestId(teacher.page, 'end-lesson').click();
  const recording = await until(teacher.page, async ([url, bearer]) => {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${bearer}` } });
    const body = answer.ok ? await answer.json() : null;
    return body?.lesson.state === 'ended' && body.tracks.every((t) => t.segments.every((s) => s.endUs > 0)) && body;
  }, [`${server.https}/api/v1/recordings/${server.lesson}`, token], { what: 'the recording is finished', timeout: 30_000 });

  const voice = recording.tracks.find((t) => t.role === 'teacher' && t.source === 'microphone').segments;
  assert.ok(voice.length >= 2, `one segment before the kill and one after: ${voice.length}`);
  const killedAtSession = killedAt - recording.lesson.startedAt;
  const lost = killedAtSession - voice[0].endUs;
  assert.ok(lost <= LOST_LIMIT_US, `lost before the kill: ${lost} us`);
  // Every segment plays: the browser itself decodes each to its end.
  for (const track of recording.tracks) {
    for (const segment of track.segments) {
      const seconds = await teacher.page.evaluate(async (url) => {
        const media = document.createElement('video');
        media.muted = true;
        media.src = url;
        const outcome = await new Promise((done) => {
          media.onloadedmetadata = () => done(media.duration);
          media.onerror = () => done(-1);
        });
        return outcome;
      }, segment.url);
      assert.ok(Number.isFinite(seconds) && seconds > 0, `${track.role}/${track.source} plays: ${seconds}`);
      assert.ok(Math.abs(seconds - (segment.endUs - segment.startUs) / 1e6) < 0.5, `its length is as stored: ${seconds}`);
    }
  }
});
