// `./dev demo` stopped by Ctrl-C: the terminal's signal reaches server and demo teacher at once.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as pollInterval } from 'node:timers/promises';
import { Server, binary } from './lib/server.mjs';

const sockets = (pid) => readdirSync(`/proc/${pid}/fd`).filter((fd) => {
  try { return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:'); } catch { return false; } // closed meanwhile
}).length;

test('Ctrl-C ends the demo teacher quietly although the server goes first', { timeout: 60_000 }, async () => {
  const server = await Server.start();
  const teacher = spawn(binary, ['load', '--publish-demo', '--url', `${server.https}/whip/${server.lesson}`, '--token', server.token('teacher'),
    '--insecure'], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const lines = [];
    const exited = new Promise((done) => teacher.on('exit', (code) => done(code)));
    await new Promise((done, fail) => {
      createInterface({ input: teacher.stderr }).on('line', (line) => { lines.push(line); if (line.includes('on the air')) done(); });
      exited.then((code) => fail(new Error(`ended with ${code}: ${lines.join('\n')}`)));
    });
    const before = sockets(teacher.pid);
    await server.stop('SIGINT');
    // The teacher notices; its own signal comes a moment later than the server's, which closed the connection.
    const deadline = Date.now() + 10_000;
    while (sockets(teacher.pid) >= before) {
      assert.ok(Date.now() < deadline, 'the teacher notices that the server has gone');
      await pollInterval(5);
    }
    teacher.kill('SIGINT');
    assert.equal(await exited, 0);
    assert.deepEqual(lines.filter((line) => /warn|error|lost/i.test(line)), []);
  } finally {
    teacher.kill('SIGKILL');
    await server.stop();
    server.cleanUp();
  }
});
