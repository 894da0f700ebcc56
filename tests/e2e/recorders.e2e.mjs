// A classroom's devices: an encoder that pushes RTMP as the board, a camera that is called over RTSP as the teacher, and
// devices that lie, stall and break. Real senders, a real server, what classes see in real Chromium.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { join as path } from 'node:path';
import { after, before, test } from 'node:test';
import { byTestId, until } from './lib/browser.mjs';
import { api, enter, join, seesPicture } from './lib/classroom.mjs';
import { freeTcpPort } from './lib/ports.mjs';
import { Server, root } from './lib/server.mjs';

const PASSWORD = 'hunter2-never-shown';

let server;
let teacher;
let classroom;
let token;
let rtmpPort;
const senders = [];

const spawned = (command, args) => {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  senders.push(child);
  return child;
};
const ended = (child) => new Promise((done) => (child.exitCode !== null || child.signalCode !== null ? done() : child.once('exit', done)));
const stop = async (child) => {
  child.kill('SIGKILL');
  await ended(child);
};

/** An RTSP camera on `port` (0: any); gives its port. */
async function camera(port) {
  const child = spawned('/usr/bin/python3', [path(root, 'tests/support/rtsp_camera.py'), String(port)]);
  const line = await new Promise((done, fail) => {
    createInterface({ input: child.stdout }).once('line', done);
    child.once('exit', (code) => fail(new Error(`the camera ended with ${code}`)));
  });
  return { child, port: JSON.parse(line).port };
}

const encoder = (key) => spawned('ffmpeg', ['-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=15', '-f', 'lavfi',
  '-i', 'sine=sample_rate=44100', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '15', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-f', 'flv',
  `rtmp://127.0.0.1:${rtmpPort}/${server.lesson}/${key}`]);

const sources = (method = 'GET', tail = '', body = undefined, bearer = token) =>
  api(server, `/api/v1/lessons/${server.lesson}/sources${tail}`, bearer, {
    method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
const row = (id) => teacher.page.locator(`[data-testid="source"]`).filter({ hasText: id });

before(async () => {
  rtmpPort = await freeTcpPort();
  server = await Server.start({ config: `[ingest]\nbind = "127.0.0.1"\nrtmp_port = ${rtmpPort}\nallow = ["127.0.0.1"]\n` });
  token = server.token('teacher');
  const { classes } = (await api(server, `/api/v1/lessons/${server.lesson}`, token)).json();
  teacher = await enter(server, 'teacher', { name: 'teacher', locale: 'zh-CN' });
  await join(teacher);
  classroom = await enter(server, 'class', { name: 'class-a', extra: ['--class', classes[0].id] });
  await join(classroom);
  const start = byTestId(teacher.page, 'start-lesson');
  if (await start.isVisible()) await start.click();
  await seesPicture(classroom, 'teacher', 5);
}, { timeout: 90_000 });

after(async () => {
  await Promise.all(senders.map(stop));
  for (const browser of [teacher, classroom]) await browser?.close();
  await server?.stop();
  server?.cleanUp();
});

test('only teachers and administrators see and change them', { timeout: 30_000 }, async () => {
  for (const role of ['observer', 'class']) {
    const extra = role === 'class' ? ['--class', (await api(server, `/api/v1/lessons/${server.lesson}`, token)).json().classes[0].id] : [];
    assert.equal((await sources('GET', '', undefined, server.token(role, extra))).status, 403, role);
  }
  assert.equal((await sources('GET', '', undefined, 'nobody')).status, 401);
  const own = new URL(server.https).port;
  const metadata = await sources('POST', '', { name: 'x', role: 'board', kind: 'rtsp', url: 'rtsp://169.254.169.254/latest' });
  assert.equal(metadata.status, 422);
  assert.equal(metadata.json().error.code, 'not-allowed');
  assert.equal((await sources('POST', '', { name: 'x', role: 'board', kind: 'rtsp', url: 'file:///etc/passwd' })).status, 400);
  const self = await sources('POST', '', { name: '自己', role: 'board', kind: 'rtsp', url: `rtsp://127.0.0.1:${own}/x` });
  if (self.status === 201) {
    await byTestId(teacher.page, 'sources').click();
    await row('自己').and(teacher.page.locator('[data-state="retrying"]')).waitFor();
    const { sources: all } = (await sources()).json();
    assert.equal(all[0].reason, 'not-allowed', 'the server does not call its own door');
    assert.equal((await sources('DELETE', `/${all[0].id}`)).status, 204);
    await byTestId(teacher.page, 'sources-panel').locator('[data-testid="source"]').waitFor({ state: 'detached' });
    await teacher.page.keyboard.press('Escape');
  }
});

test('an encoder that was added on the page pushes the board, and classes see it beside the teacher', { timeout: 60_000 }, async () => {
  const { page } = teacher;
  await byTestId(page, 'sources').click();
  await byTestId(page, 'source-add').click();
  const choices = byTestId(page, 'source-form').locator('select');
  await choices.nth(0).selectOption('board');
  await choices.nth(1).selectOption('rtmp-push');
  await byTestId(page, 'source-save').click();
  const fields = byTestId(page, 'source-key').locator('input');
  assert.equal(await fields.nth(0).inputValue(), `rtmp://127.0.0.1:${rtmpPort}/${server.lesson}`);
  const key = await fields.nth(1).inputValue();
  await byTestId(page, 'source-key').locator('button.primary').click();
  const push = encoder(key);
  await row('板书机位').and(page.locator('[data-state="live"]')).waitFor();
  await seesPicture(classroom, 'board', 10);
  await seesPicture(classroom, 'teacher', 5);
  await seesPicture(teacher, 'board', 5);
  await teacher.shot('sources-live');
  await stop(push);
  await row('板书机位').and(page.locator('[data-state="waiting"]')).waitFor();
  await until(classroom.page, () => document.querySelector('[data-testid="board-video"]') === null);
});

test('a camera is called, and called again when it comes back', { timeout: 90_000 }, async () => {
  const first = await camera(0);
  const added = await sources('POST', '', { name: '讲台', role: 'teacher-camera', kind: 'rtsp', url: `rtsp://admin:${PASSWORD}@127.0.0.1:${first.port}/camera?key=${PASSWORD}` });
  assert.equal(added.status, 201);
  assert.ok(!added.body.toString().includes(PASSWORD));
  await row('讲台').and(teacher.page.locator('[data-state="live"]')).waitFor();
  await seesPicture(classroom, 'teacher', 10);
  await stop(first.child);
  await row('讲台').and(teacher.page.locator('[data-state="retrying"]')).waitFor({ timeout: 30_000 });
  await camera(first.port);
  await row('讲台').and(teacher.page.locator('[data-state="live"]')).waitFor({ timeout: 40_000 });
  await seesPicture(classroom, 'teacher', 10);
  assert.equal((await sources('DELETE', `/${added.json().id}`)).status, 204);
  await seesPicture(classroom, 'teacher', 5);
});

test('devices that stall, lie or are not there are told from each other and harm nobody', { timeout: 60_000 }, async () => {
  const open = [];
  const listener = (answer) => new Promise((done) => {
    const made = createServer((socket) => {
      open.push(socket);
      socket.on('error', () => undefined);
      if (answer !== null) socket.end(answer);
    }).listen(0, '127.0.0.1', () => done(made));
  });
  const mute = await listener(null);
  const liar = await listener('HTTP/1.0 200 OK\r\n\r\n<html>not a camera</html>');
  const gone = await freeTcpPort();
  const add = async (name, port) => (await sources('POST', '', { name, role: 'other', kind: 'rtsp', url: `rtsp://127.0.0.1:${port}/x` })).json().id;
  await add('停住', mute.address().port);
  await add('冒充', liar.address().port);
  await add('不在', gone);
  for (const name of ['停住', '冒充', '不在']) await row(name).and(teacher.page.locator('[data-state="retrying"]')).waitFor({ timeout: 40_000 });
  // Garbage at the RTMP door is that connection's own trouble.
  await new Promise((done) => {
    const garbage = connect(rtmpPort, '127.0.0.1', () => garbage.write(Buffer.alloc(4096, 0xa5)));
    garbage.on('error', done).on('close', done);
  });
  const { sources: all } = (await sources()).json();
  const reasons = Object.fromEntries(all.filter((one) => one.kind === 'rtsp').map((one) => [one.name, one.reason]));
  assert.deepEqual(reasons, { 停住: 'stalled', 冒充: 'not-media', 不在: 'unreachable' });
  await seesPicture(classroom, 'teacher', 5);
  await teacher.shot('sources-troubled');
  for (const one of all) assert.equal((await sources('DELETE', `/${one.id}`)).status, 204);
  for (const socket of open) socket.destroy();
  for (const made of [mute, liar]) made.close();
});

test('what is secret is in no answer, no log and no metric', { timeout: 30_000 }, async () => {
  const everything = [(await sources()).body.toString(), server.log.join('\n'), (await api(server, '/metrics', '')).body.toString()].join('\n');
  assert.ok(!everything.includes(PASSWORD));
  assert.match(everything, /tongke_source_calls_total [1-9]/);
  assert.match(everything, /tongke_source_failures_total\{reason="/);
});
