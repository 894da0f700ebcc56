#!/usr/bin/env node
// ./dev bench --lines: a lesson with the synthetic teacher, watched by a real Chromium behind each emulated line.
// README.md says how to read what it prints.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { enter, join as joinLesson } from '../e2e/lib/classroom.mjs';
import { until } from '../e2e/lib/browser.mjs';
import { freeTcpPort, freeUdpPort } from '../e2e/lib/ports.mjs';
import { api } from '../e2e/lib/classroom.mjs';
import { binary, root, Server } from '../e2e/lib/server.mjs';
import { figures, judge, LINES, median, TABLE } from './weak_line_figures.mjs';
import { probe } from './weak_line_probe.mjs';

const HELP = `./dev bench --lines [NAMES] [options]
  NAMES            lines, with commas between; by default ${TABLE.join(',')}
                   also: ${Object.keys(LINES).filter((n) => !TABLE.includes(n)).join(',')}
  --seconds N      measured from the first sound (60)
  --runs N         per line; figures are medians (3)
  --page WHO       observer, who sends nothing (default), or class, with camera and microphone
  --seed N         of the first run; each further run has the next (1)
  --fps N          pictures a second of the teacher (30)
  --json FILE      also write everything there
  --check          exit with 1 when a target is missed`;

// A page that has no sound by then counts as one that never had any.
const FIRST_SOUND_LIMIT_MS = 20_000;
// Behind 100 kbit/s, all of it used by voice, an answer takes its time.
const JOIN_LIMIT_MS = 60_000;
const RESTART_AT_MS = 15_000;

const ON_AIR_LIMIT_MS = 30_000;

const lineTool = process.env.TONGKE_LINE ?? path(root, 'build/release/tests/tongke-line');

// The machine's address as seen from behind a line, for as long as this process lives.
async function holdHostAddress() {
  const child = spawn(lineTool, ['--hold'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await new Promise((done, fail) => {
    createInterface({ input: child.stdout }).once('line', done);
    child.once('exit', (code) => fail(new Error(`the line emulator ended with ${code}`)));
  });
  return { address, stop: () => child.kill('SIGTERM') };
}

// A running emulator's answer to one request.
const ask = (socket, request) => new Promise((done, fail) => {
  const connection = connect(socket, () => connection.write(`${request}\n`));
  let text = '';
  connection.on('data', (chunk) => { text += chunk; });
  connection.on('error', fail);
  connection.on('end', () => {
    const answer = JSON.parse(text);
    if (answer.error) fail(new Error(`the line emulator: ${answer.error}`)); else done(answer);
  });
});

// The synthetic teacher, started again whenever it ends, as a school's encoder would be.
class Teacher {
  constructor(server, fps) { this.start(server, fps); }

  start(server, fps) {
    this.child = spawn(binary, ['load', '--publish-demo', '--url', `${server.https}/whip/${server.lesson}`, '--token', server.token('teacher'),
      '--insecure', '--grain', '--fps', String(fps)], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.onAir = new Promise((done, fail) => {
      const lines = [];
      createInterface({ input: this.child.stderr }).on('line', (line) => {
        lines.push(line);
        if (line.includes('on the air')) done();
      });
      setTimeout(() => fail(new Error(`the teacher is not on the air:\n${lines.join('\n')}`)), ON_AIR_LIMIT_MS).unref();
    });
    // Only the first is waited for.
    this.onAir.catch(() => {});
    this.child.on('exit', () => { if (!this.stopped) setTimeout(() => this.start(server, fps), 200); });
  }

  // A teacher's page notices by its WebSocket that the server has gone; this one would wait for its media to fall silent.
  startAgain() { this.child.kill('SIGKILL'); }

  stop() { this.stopped = true; this.child.kill('SIGTERM'); }
}

// What measures shares the machine with what is measured: the share of all processors in use, over the window.
class Load {
  constructor() { this.before = Load.times(); }

  static times() {
    return cpus().reduce((sum, { times }) => ({ idle: sum.idle + times.idle,
      all: sum.all + Object.values(times).reduce((a, b) => a + b, 0) }), { idle: 0, all: 0 });
  }

  percent() {
    const now = Load.times();
    return Math.round(100 * (1 - (now.idle - this.before.idle) / Math.max(1, now.all - this.before.all)));
  }
}

const now = () => Date.now();

async function enterBehind(bench, folder, seed) {
  const control = path(folder, 'control');
  const wrapper = path(folder, 'chromium');
  // The page is fetched over a good line; what is measured begins with joining.
  writeFileSync(wrapper, `#!/bin/sh\nexec '${lineTool}' --quiet --profile clean --seed ${seed} --control '${control}' -- /usr/bin/chromium "$@"\n`);
  chmodSync(wrapper, 0o755);
  const asClass = bench.page === 'class';
  const browser = await enter(bench.server, bench.page, { executable: wrapper, init: probe, viewport: { width: 1280, height: 720 },
    ...(asClass ? { name: 'class-a', extra: ['--class', bench.classId] } : {}) });
  return { browser, control };
}

async function measure(bench, name, seed) {
  const line = LINES[name];
  const folder = mkdtempSync(path(tmpdir(), 'tongke-weak-'));
  let browser = null;
  try {
    const entered = await enterBehind(bench, folder, seed);
    browser = entered.browser;
    const { page } = browser;
    await page.locator('[data-testid="join-button"]').waitFor({ state: 'visible' });
    await ask(entered.control, `use ${line.profile ?? name}`);
    const began = now();
    await joinLesson(browser);
    await until(page, () => window.__weakLine.samples.some((s) => s['voice-teacher']), null,
      { timeout: JOIN_LIMIT_MS, what: 'the page has a connection' });
    await until(page, () => window.__weakLine.samples.some((s) => s['voice-teacher']?.packetsReceived > 0), null,
      { timeout: FIRST_SOUND_LIMIT_MS, what: 'first sound' }).catch(() => null);
    const from = now();
    const load = new Load();
    let event = line.at_s === undefined ? null : began + line.at_s * 1000;
    if (line.restarts) {
      await wait(RESTART_AT_MS);
      event = await bench.restartServer();
    }
    await wait(Math.max(0, from + bench.seconds * 1000 - now()));
    const to = now();
    const report = await ask(entered.control, 'report');
    const notes = await page.evaluate(() => window.__weakLine);
    return { ...figures({ notes, joined: began, from, to, line: report, event }), first_sound_s: (from - began) / 1000,
      machine_busy_percent: load.percent(), seed };
  } finally {
    await browser?.close().catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
}

const shown = (value, digits = 1) => (value === null || value === undefined ? 'never' : Number(value).toFixed(digits));

const NAMES_OF = { concealed_percent: 'concealed %', frozen_percent: 'frozen %', top_layer_after_s: '720p after s',
  longest_gap_after_5s_s: 'longest gap s', queue_p95_ms: 'queue p95 ms', top_layer_back_after_s: '720p back s', sound_back_after_s: 'sound back s' };

function printRow(name, runs) {
  const m = (key) => median(runs.map((r) => r[key]));
  const { checks } = judge(name, runs);
  const sizes = Object.entries(runs[0].heights).map(([height, share]) => `${height}p ${Math.round(100 * share)}%`).join(' ') || 'none';
  console.log(`\n${LINES[name].title} (${name})`);
  console.log(`  voice    concealed ${shown(m('concealed_percent'), 2)} % (${shown(m('concealed_with_silence_percent'), 2)} % with silence), `
    + `${shown(m('heard_s'))} s played, buffer ${shown(m('voice_buffer_ms'), 0)} ms`);
  console.log(`  picture  frozen ${shown(m('frozen_percent'))} % (browser's count ${shown(m('browser_frozen_percent'))} %), longest gap `
    + `${shown(m('longest_gap_s'))} s, ${shown(m('frames_per_second'))} fps, ${sizes}, 720p after ${shown(m('top_layer_after_s'))} s`);
  console.log(`  line     ${shown(m('kbits'), 0)} kbit/s down, ${shown(m('line_lost_percent'))} % lost, queue p95 ${shown(m('queue_p95_ms'), 0)} ms; `
    + `machine ${shown(m('machine_busy_percent'), 0)} % busy, emulator late p99 ${shown(m('emulator_late_p99_ms'), 0)} ms`);
  if (m('sound_back_after_s') !== null || m('connected_back_after_s') !== null) {
    console.log(`  back     sound after ${shown(m('sound_back_after_s'))} s, a new connection after ${shown(m('connected_back_after_s'))} s`);
  }
  for (const c of checks) {
    console.log(`  ${c.met ? 'met   ' : 'MISSED'} ${NAMES_OF[c.key] ?? c.key}: ${shown(c.value, 2)} (target ${c.most})`);
  }
}

function printTable(results) {
  console.log('\n| line | voice concealed % | picture frozen % | longest gap s | heights shown | queue p95 ms | back after s | targets |');
  console.log('|---|---|---|---|---|---|---|---|');
  for (const [name, runs] of Object.entries(results)) {
    const m = (key, digits) => shown(median(runs.map((r) => r[key])), digits);
    const { met, checks } = judge(name, runs);
    const sizes = Object.keys(runs[0].heights).map((height) => `${height}p`).join(' ') || 'none';
    const event = runs.some((r) => r.sound_back_after_s !== null) ? m('sound_back_after_s') : '–';
    const verdict = checks.length === 0 ? '–' : met ? 'met' : `MISSED ${checks.filter((c) => !c.met).map((c) => NAMES_OF[c.key] ?? c.key).join(', ')}`;
    console.log(`| ${LINES[name].title} | ${m('concealed_percent', 2)} | ${m('frozen_percent')} | ${m('longest_gap_s')} | ${sizes} | ${m('queue_p95_ms', 0)} `
      + `| ${event} | ${verdict} |`);
  }
}

class Bench {
  static async start(options) {
    const bench = Object.assign(new Bench(), options);
    bench.host = await holdHostAddress();
    bench.ports = { httpPort: await freeTcpPort(), mediaPort: await freeUdpPort() };
    try {
      bench.server = await Server.start({ publicAddress: bench.host.address, ...bench.ports });
      const lesson = (await api(bench.server, `/api/v1/lessons/${bench.server.lesson}`, bench.server.token('teacher'))).json();
      bench.classId = lesson.classes[0].id;
      bench.teacher = new Teacher(bench.server, bench.fps);
      await bench.teacher.onAir;
      return bench;
    } catch (error) {
      await bench.stop();
      throw error;
    }
  }

  // Killed and started again on the same data and ports; the moment at which it was ready.
  async restartServer() {
    await this.server.stop('SIGKILL');
    const again = await Server.start({ data: this.server.data, publicAddress: this.host.address, ...this.ports });
    Object.assign(this.server, { child: again.child, exited: again.exited, log: again.log });
    this.teacher.startAgain();
    return now();
  }

  async stop() {
    this.teacher?.stop();
    await this.server?.stop();
    this.server?.cleanUp();
    this.host.stop();
  }
}

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: {
    seconds: { type: 'string', default: '60' }, runs: { type: 'string', default: '3' }, page: { type: 'string', default: 'observer' },
    seed: { type: 'string', default: '1' }, fps: { type: 'string', default: '30' }, json: { type: 'string' },
    check: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return console.log(HELP);
  const names = positionals.length > 0 ? positionals.join(',').split(',') : TABLE;
  for (const name of names) if (!LINES[name]) throw new Error(`no line ${name}; there are ${Object.keys(LINES).join(', ')}`);
  if (!['observer', 'class'].includes(values.page)) throw new Error('--page is observer or class');
  const bench = await Bench.start({ seconds: Number(values.seconds), fps: Number(values.fps), page: values.page });
  const results = {};
  let failed = false;
  try {
    for (const name of names) {
      const runs = [];
      for (let i = 0; i < Number(values.runs); i += 1) {
        try {
          runs.push(await measure(bench, name, Number(values.seed) + i));
        } catch (error) {
          failed = true;
          console.log(`\n${LINES[name].title} (${name}): a run was not measured: ${String(error.message).split('\n')[0]}`);
        }
      }
      if (runs.length === 0) continue;
      results[name] = runs;
      printRow(name, runs);
    }
  } finally {
    await bench.stop();
  }
  printTable(results);
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' }).trim();
  const json = JSON.stringify({ commit, page: values.page, seconds: bench.seconds, lines: results });
  if (values.json) writeFileSync(values.json, json); else console.log(`\n${json}`);
  const missed = Object.entries(results).some(([name, runs]) => !judge(name, runs).met);
  process.exitCode = failed || (values.check && missed) ? 1 : 0;
}

await main();
