// Clients that share no code with ours: aiortc and GStreamer's webrtcbin, by WHIP and WHEP.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, afterEach, before, test } from 'node:test';
import { join } from 'node:path';
import { Server } from './lib/server.mjs';

let server;
before(async () => { server = await Server.start(); });
const children = [];
afterEach(() => { for (const child of children.splice(0)) child.kill('SIGKILL'); });
after(async () => { await server?.stop(); server?.cleanUp(); });

// Starts a peer; `first` resolves with its first JSON line (the answer), `last` with its last.
function peer(script, ...args) {
  const child = spawn('/usr/bin/python3', [join(import.meta.dirname, 'peers', script), ...args.map(String)],
    { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const lines = [];
  let errors = '';
  child.stderr.on('data', (chunk) => { errors += chunk; });
  const first = new Promise((done, fail) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const parts = text.split('\n');
      text = parts.pop();
      for (const line of parts) lines.push(JSON.parse(line));
      if (lines.length > 0) done(lines[0]);
    });
    child.on('exit', (code) => fail(new Error(`${script} ended with ${code}: ${errors}`)));
  });
  first.catch(() => {});
  const last = new Promise((done, fail) => child.on('exit', (code) => (
    code === 0 && lines.length > 1 ? done(lines.at(-1)) : fail(new Error(`${script} ended with ${code}: ${errors}`)))));
  last.catch(() => {});
  return { first, last, stop: () => child.kill('SIGKILL') };
}

const url = (kind) => `${server.https}/${kind}/${server.lesson}`;

for (const [name, script, args] of [['aiortc', 'aiortc_peer.py', ['publish']], ['webrtcbin', 'gst_whip.py', []]]) {
  test(`${name} publishes by WHIP and aiortc watches moving picture and sound by WHEP`, { timeout: 90_000 }, async () => {
    const publisher = peer(script, ...args, url('whip'), server.token('teacher'), 14);
    assert.deepEqual(await publisher.first, { answered: 201, trickled: 204 });
    const watcher = peer('aiortc_peer.py', 'watch', url('whep'), server.token('observer'), 8);
    assert.deepEqual(await watcher.first, { answered: 201, trickled: 204 });
    const seen = await watcher.last;
    assert.equal(seen.connection, 'connected');
    assert.ok(seen.frames >= 40, `frames decoded: ${seen.frames}`);
    assert.ok(seen.contrast > 10, `a picture, not a flat colour: ${seen.contrast}`);
    assert.ok(seen.columns >= 5, `the picture moves: ${seen.columns} positions`);
    assert.ok(seen.audio_seconds >= 5, `seconds of sound: ${seen.audio_seconds}`);
    assert.ok(seen.rms > 500, `loud enough to be the tone: ${seen.rms}`);
    const end = await publisher.last;
    assert.equal(end.connection, 'connected');
    for (const { deleted } of [seen, end]) assert.deepEqual(deleted, [200, 404], 'a session ends once');
  });
}

test('aiortc that offers to be the DTLS server finds a client, publishing and watching', { timeout: 90_000 }, async () => {
  const publisher = peer('aiortc_peer.py', 'publish', url('whip'), server.token('teacher'), 9, 'passive');
  assert.equal((await publisher.first).answered, 201);
  const watcher = peer('aiortc_peer.py', 'watch', url('whep'), server.token('observer'), 4, 'passive');
  const seen = await watcher.last;
  assert.equal(seen.connection, 'connected');
  assert.ok(seen.frames >= 15, `frames decoded: ${seen.frames}`);
  assert.ok(seen.rms > 500, `loud enough to be the tone: ${seen.rms}`);
  assert.equal((await publisher.last).connection, 'connected');
});

test('a second publisher with the same key is refused and the first goes on', { timeout: 60_000 }, async () => {
  const token = server.token('teacher');
  const publisher = peer('aiortc_peer.py', 'publish', url('whip'), token, 10);
  assert.equal((await publisher.first).answered, 201);
  const second = peer('aiortc_peer.py', 'publish', url('whip'), token, 3);
  await assert.rejects(second.last, /409/);
  const watcher = peer('aiortc_peer.py', 'watch', url('whep'), server.token('observer'), 5);
  assert.ok((await watcher.last).frames > 20);
  assert.equal((await publisher.last).connection, 'connected');
});

test('an encoder that crashed is replaced as soon as it has fallen silent', { timeout: 60_000 }, async () => {
  const token = server.token('teacher');
  const crashed = peer('aiortc_peer.py', 'publish', url('whip'), token, 60);
  assert.equal((await crashed.first).answered, 201);
  const watcher = peer('aiortc_peer.py', 'watch', url('whep'), server.token('observer'), 3);
  assert.ok((await watcher.last).frames > 10);
  crashed.stop();
  let refused = 0;
  for (;;) {
    const next = peer('aiortc_peer.py', 'publish', url('whip'), token, 1);
    const answer = await next.last.catch((error) => error);
    if (answer instanceof Error) {
      assert.match(answer.message, /409/);
      refused += 1;
      assert.ok(refused < 30, 'still refused');
      continue;
    }
    assert.equal((await next.first).answered, 201);
    break;
  }
});
