#!/usr/bin/env node
// What an audience of the HLS stream costs the server: so many players that do what hls.js does (a waiting reload and a
// part every third of a second, one connection each for either), and the server's processor time meanwhile.
//   node tests/bench/hls_players.mjs [PLAYERS [SECONDS [grain]]]     prints one line of JSON
// With "grain" the picture needs its encoder's whole rate, as a camera's does.
// The players take processor time too, so that the figure is the server's own clock, not the machine's load.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { Server, binary } from '../e2e/lib/server.mjs';
import { api } from '../e2e/lib/classroom.mjs';

const players = Number(process.argv[2] ?? 300);
const seconds = Number(process.argv[3] ?? 20);
const grain = process.argv[4] === 'grain' ? ['--grain'] : [];
const TICK = 100; // of /proc's clock, per second

const server = await Server.start();
const teacher = spawn(binary, ['load', '--publish-demo', '--url', `${server.https}/whip/${server.lesson}`, '--token', server.token('teacher'),
  '--insecure', ...grain], { stdio: ['ignore', 'ignore', 'pipe'] });
await new Promise((done) => {
  createInterface({ input: teacher.stderr }).on('line', (line) => { if (line.includes('on the air')) done(); });
});
const address = (await api(server, `/api/v1/lessons/${server.lesson}/stream`, server.token('observer'), { method: 'POST' })).json();
await api(server, address.pictureUrl, '');
const folder = address.pictureUrl.replace(/[^/]+$/, '');

const cpu = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICK;
};
const memory = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const encoder = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).find((pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith('hls\0') && readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${server.child.pid}\n`);
  } catch { return false; }
});

const total = { requests: 0, bytes: 0, failed: 0, late: [] };
const get = (agent, path) => new Promise((done, fail) => {
  const call = request(`${server.https}${path}`, { agent, rejectUnauthorized: false }, (answer) => {
    const chunks = [];
    answer.on('data', (chunk) => { chunks.push(chunk); total.bytes += chunk.length; });
    answer.on('end', () => { total.requests += 1; if (answer.statusCode !== 200) total.failed += 1; done(Buffer.concat(chunks)); });
  });
  call.on('error', fail);
  call.end();
});

let stop = false;
async function play() {
  const lists = new Agent({ keepAlive: true, maxSockets: 1 });
  const parts = new Agent({ keepAlive: true, maxSockets: 1 });
  let text = (await get(lists, address.pictureUrl)).toString();
  while (!stop) {
    const hint = /PRELOAD-HINT:TYPE=PART,URI="(av-(\d+)\.(\d+)\.m4s)"/.exec(text);
    if (hint === null) break;
    const [, , msn, part] = hint;
    text = (await get(lists, `${address.pictureUrl}?_HLS_msn=${msn}&_HLS_part=${part}&_HLS_skip=YES`)).toString();
    const date = text.lastIndexOf('#EXT-X-PROGRAM-DATE-TIME:');
    total.late.push(Date.now() - Date.parse(text.slice(date + 25, text.indexOf('\n', date))) - (Number(part) + 1) * 333);
    await get(parts, `${folder}av-${msn}.${part}.m4s`);
  }
  lists.destroy();
  parts.destroy();
}

const all = Array.from({ length: players }, () => play());
await wait(5_000); // connections open, caches fill
const child = encoder();
const before = { server: cpu(server.child.pid), encoder: cpu(child), at: performance.now(), requests: total.requests, bytes: total.bytes };
await wait(seconds * 1000);
const lasted = (performance.now() - before.at) / 1000;
const used = cpu(server.child.pid) - before.server;
const made = total.requests - before.requests;
total.late.sort((a, b) => a - b);
const at = (share) => total.late[Math.floor(total.late.length * share)];
console.log(JSON.stringify({
  players, seconds: Number(lasted.toFixed(1)), requestsPerSecond: Math.round(made / lasted), failed: total.failed,
  mbitPerSecond: Number(((total.bytes - before.bytes) * 8 / lasted / 1e6).toFixed(1)),
  serverCores: Number((used / lasted).toFixed(3)), microsecondsPerRequest: Math.round(used / made * 1e6), encoderCores: Number(((cpu(child) - before.encoder) / lasted).toFixed(2)),
  serverMegabytes: Math.round(memory(server.child.pid)), partAgeMs: { p50: at(0.5), p99: at(0.99) },
}));
stop = true;
await Promise.all(all);
teacher.kill('SIGINT');
await server.stop();
server.cleanUp();
process.exit(0);
