// The lesson as a delayed stream for a large audience: the encoder that the server starts when the first viewer comes,
// and who may fetch what it makes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { api } from './lib/classroom.mjs';
import { Server, binary } from './lib/server.mjs';

let server;
let teacher;

before(async () => {
  server = await Server.start();
  teacher = spawn(binary, ['load', '--publish-demo', '--url', `${server.https}/whip/${server.lesson}`, '--token', server.token('teacher'),
    '--insecure'], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise((done, fail) => {
    createInterface({ input: teacher.stderr }).on('line', (line) => { if (line.includes('on the air')) done(); });
    teacher.on('exit', (code) => fail(new Error(`the demo teacher ended with ${code}`)));
  });
}, { timeout: 60_000 });

after(async () => {
  teacher?.kill('SIGINT');
  await server?.stop();
  server?.cleanUp();
});

test('a stranger, another path and a changed signature get nothing', { timeout: 60_000 }, async () => {
  const opened = await api(server, `/api/v1/lessons/${server.lesson}/stream`, server.token('observer'), { method: 'POST' });
  assert.equal(opened.status, 200);
  const url = new URL(opened.json().pictureUrl, server.https).pathname;
  const playlist = await api(server, url, '');
  assert.equal(playlist.status, 200, 'the signed address needs no other credential');
  const part = /#EXT-X-PART:.*URI="([^"]+)"/.exec(playlist.body.toString())[1];
  const bytes = await api(server, url.replace(/[^/]+$/, part), '');
  assert.equal(bytes.status, 200);
  assert.equal(bytes.body.subarray(4, 8).toString(), 'moof', 'a fragment of CMAF');
  const [, , lesson, grant, file] = url.split('/');
  const broken = grant.slice(0, -1) + (grant.endsWith('A') ? 'B' : 'A');
  assert.equal((await api(server, `/hls/${lesson}/${broken}/${file}`, '')).status, 403);
  assert.equal((await api(server, `/hls/another/${grant}/${file}`, '')).status, 403);
  assert.equal((await api(server, `/api/v1/lessons/${server.lesson}/stream`, 'nobody', { method: 'POST' })).status, 401);
});
