// A lesson of sixteen classes: the wall shows them in pages, and what is not in sight is not sent. The classes publish
// made packets (`tongke load`): what is counted is what arrives at a real Chromium.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { byTestId, until } from './lib/browser.mjs';
import { api, enter, join as enterLesson } from './lib/classroom.mjs';
import { binary, Server } from './lib/server.mjs';

const CLASSES = 16;
const PAGE = 12;

// The demo's lesson has three classes; the others are written into its database while no server has it open.
const ADD_CLASSES = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
lesson, wanted = sys.argv[2], int(sys.argv[3])
have = db.execute('SELECT count(*) FROM lesson_class WHERE lesson_id = ?', (lesson,)).fetchone()[0]
school = db.execute('SELECT school_id FROM school_class LIMIT 1').fetchone()[0]
columns = [row[1] for row in db.execute('PRAGMA table_info(school_class)')]
for n in range(have, wanted):
    key = 'e2e-wall-class-%07d' % n
    values = {'id': key, 'school_id': school, 'name': '第%d班' % (n + 1), 'grade': '三年级', 'headcount': 20 + n}
    assert set(columns) == set(values), columns
    db.execute('INSERT INTO school_class (%s) VALUES (%s)' % (','.join(values), ','.join('?' * len(values))), list(values.values()))
    db.execute('INSERT INTO lesson_class (lesson_id, class_id, position) VALUES (?, ?, ?)', (lesson, key, n))
db.commit()
`;

let server;
let load;
let teacher;
let observer;
const scratch = mkdtempSync(join(tmpdir(), 'tongke-wall-'));

before(async () => {
  const first = await Server.start();
  await first.stop();
  execFileSync('/usr/bin/python3', ['-c', ADD_CLASSES, join(first.data, 'tongke.db'), first.lesson, String(CLASSES)]);
  server = await Server.start({ data: first.data });
  assert.equal(server.lesson, first.lesson);
  const { classes } = (await api(server, `/api/v1/lessons/${server.lesson}`, server.token('teacher'))).json();
  assert.equal(classes.length, CLASSES);
  const rooms = join(scratch, 'rooms');
  writeFileSync(rooms, classes.map((one) => `${server.https}/whip/${server.lesson} ${server.token('class', ['--class', one.id])}\n`).join(''));
  load = spawn(binary, ['load', '--rooms', rooms, '--insecure', '--publish-rtp', '--fps', '5', '--picture-packets', '1',
    '--warm-up', '0', '--windows', '1', '--window', '600'], { stdio: ['ignore', 'ignore', 'pipe'] });
  load.stderr.on('data', () => {});
  teacher = await enter(server, 'teacher', { name: 'teacher', init: hideable });
  await enterLesson(teacher);
  await until(teacher.page, (n) => (window.__tongke.state().lesson?.participants ?? []).filter((one) => one.role === 'class' && one.online && one.camera).length === n,
    CLASSES, { what: 'all classes publish', timeout: 40_000 });
}, { timeout: 120_000 });

after(async () => {
  load?.kill('SIGKILL');
  for (const browser of [teacher, observer]) await browser?.close();
  await server?.stop();
  server?.cleanUp();
  rmSync(scratch, { recursive: true, force: true });
});

// A headless browser shows all its tabs at once; this page can be told that it is in the background.
function hideable() {
  let state = 'visible';
  Object.defineProperty(document, 'visibilityState', { get: () => state });
  window.__background = (hidden) => {
    state = hidden ? 'hidden' : 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
  };
}

// RTP packets that have come so far, by video slot.
const pictures = async ({ page }) => Object.fromEntries(Object.entries((await page.evaluate(() => window.__slots())).slots)
  .filter(([, one]) => one.kind === 'video').map(([slot, one]) => [slot, one.packets]));

const shown = ({ page }) => page.evaluate(() => Object.fromEntries(Object.entries(window.__tongke.state().slots)
  .filter(([slot, feed]) => slot.startsWith('wall-') && feed !== null).map(([slot, feed]) => [feed.p, slot])));

// The slots from which packets come while the given one gets `packets` more.
async function arriving(browser, during, packets = 10) {
  const before = await pictures(browser);
  await until(browser.page, async ([slot, goal]) => ((await window.__slots()).slots[slot]?.packets ?? 0) >= goal,
    [during, (before[during] ?? 0) + packets], { what: `${packets} more packets in ${during}` });
  const now = await pictures(browser);
  return Object.keys(now).filter((slot) => now[slot] > (before[slot] ?? 0)).sort();
}

// All of them get more packets.
const flow = (browser, slots) => until(browser.page, async (names) => {
  const now = (await window.__slots()).slots;
  const before = (window.__before ??= Object.fromEntries(names.map((name) => [name, now[name]?.packets ?? 0])));
  const all = names.every((name) => (now[name]?.packets ?? 0) > before[name]);
  if (all) window.__before = undefined;
  return all;
}, slots, { what: `packets in ${slots}` });

const tilesOf = ({ page }) => page.locator('[data-testid^="class-tile-"]').evaluateAll((all) => all.map((one) => one.dataset.testid.slice('class-tile-'.length)));

// From now on, sound but no picture: counted while the server's own counter shows that it goes on.
async function nothingComes(browser, what) {
  await until(browser.page, async () => {
    const now = (await window.__slots()).slots;
    const sum = Object.values(now).filter((one) => one.kind === 'video').reduce((n, one) => n + one.packets, 0);
    const still = window.__sum === sum;
    window.__sum = sum;
    window.__still = still ? (window.__still ?? 0) + 1 : 0;
    return window.__still >= 10; // asked ten times a second
  }, null, { what: `${what}: no picture for a second` });
}

test('the first page shows twelve classes, and the small pictures of all of them come', { timeout: 60_000 }, async () => {
  assert.equal((await tilesOf(teacher)).length, PAGE);
  assert.equal(await byTestId(teacher.page, 'wall-page-1').count(), 1);
  assert.equal(await byTestId(teacher.page, 'wall-page-2').count(), 0);
  await until(teacher.page, (n) => Object.entries(window.__tongke.state().slots).filter(([slot, feed]) => slot.startsWith('wall-') && feed).length === n, PAGE);
  await flow(teacher, Array.from({ length: PAGE }, (_, i) => `wall-${i}`));
  await teacher.shot('wall-page-1');
});

test('another page brings its classes, and the others are no longer sent', { timeout: 60_000 }, async () => {
  const first = await tilesOf(teacher);
  await teacher.page.locator('[data-testid="console"] h1').click();
  await teacher.page.keyboard.press('ArrowRight');
  await byTestId(teacher.page, 'wall-page-1').and(teacher.page.locator('[aria-current="page"]')).waitFor();
  const second = await tilesOf(teacher);
  assert.equal(second.length, CLASSES - PAGE);
  assert.equal(second.filter((p) => first.includes(p)).length, 0);
  await until(teacher.page, (wanted) => {
    const on = Object.entries(window.__tongke.state().slots).filter(([slot, feed]) => slot.startsWith('wall-') && feed).map(([, feed]) => feed.p);
    return on.length === wanted.length && wanted.every((p) => on.includes(p));
  }, second, { what: 'the wall is the second page' });
  const slots = Object.values(await shown(teacher)).sort();
  await flow(teacher, slots);
  assert.deepEqual((await arriving(teacher, slots[0])).filter((slot) => slot.startsWith('wall-')), slots);
  await teacher.shot('wall-page-2');
});

test('the called class is seen, whichever page is shown', { timeout: 60_000 }, async () => {
  const [called] = await tilesOf(teacher);
  await byTestId(teacher.page, `call-${called}`).click();
  await flow(teacher, ['stage']);
  await byTestId(teacher.page, 'wall-page-0').click();
  await until(teacher.page, (p) => document.querySelector(`[data-testid="class-tile-${p}"]`) === null, called);
  assert.ok((await arriving(teacher, 'stage')).includes('wall-0'));
  await byTestId(teacher.page, 'release').click();
});

test('a page in the background gets no pictures, and has them back at once', { timeout: 60_000 }, async () => {
  await flow(teacher, ['wall-0', 'wall-11']);
  await teacher.page.evaluate(() => window.__background(true));
  await nothingComes(teacher, 'in the background');
  const before = await pictures(teacher);
  const ms = await teacher.page.evaluate(async (packets) => {
    const start = performance.now();
    window.__background(false);
    for (;;) {
      const { slots } = await window.__slots();
      if (slots['wall-0'].packets > packets) return performance.now() - start;
      if (performance.now() - start > 10_000) throw new Error('no picture came back');
    }
  }, before['wall-0']);
  console.log(`# the first picture was back after ${Math.round(ms)} ms`);
  assert.ok(ms < 3000, `back after ${ms} ms`);
});

test('on a phone only what is scrolled into sight is sent', { timeout: 60_000 }, async () => {
  observer = await enter(server, 'observer', { viewport: { width: 390, height: 844 } });
  await enterLesson(observer);
  await byTestId(observer.page, 'wall').waitFor();
  await observer.page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  const last = (await tilesOf(observer)).at(-1);
  await until(observer.page, (p) => Object.values(window.__tongke.state().slots).some((feed) => feed?.p === p), last);
  const low = (await shown(observer))[last];
  await flow(observer, [low]);
  await byTestId(observer.page, 'wall').evaluate((wall) => wall.querySelector('[data-testid^="class-tile-"]').scrollIntoView({ block: 'end' }));
  const [top] = await tilesOf(observer);
  const high = (await shown(observer))[top];
  await flow(observer, [high]);
  await until(observer.page, async (slot) => {
    const now = (await window.__slots()).slots[slot].packets;
    const still = window.__low === now;
    window.__low = now;
    return still && (window.__lowStill = (window.__lowStill ?? 0) + 1) >= 10;
  }, low, { what: 'what is below is no longer sent' });
  assert.ok(!(await arriving(observer, high)).includes(low));
});

test('an observer who only listens gets no picture', { timeout: 60_000 }, async () => {
  await byTestId(observer.page, 'pictures-off').click();
  await nothingComes(observer, 'sound only');
  await byTestId(observer.page, 'picture-off').first().waitFor();
  await observer.shot('observer-sound-only-phone');
  await byTestId(observer.page, 'pictures-off').click();
  await flow(observer, [(await shown(observer))[(await tilesOf(observer))[0]]]);
});

test('no page threw', () => {
  for (const { errors } of [teacher, observer]) assert.deepEqual(errors.filter((line) => !/net::ERR_|WebSocket|Failed to load resource/.test(line)), []);
});
