// The lesson as a delayed stream for a large audience: who may fetch it, and what a real browser shows of it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { byTestId, until } from './lib/browser.mjs';
import { api, enter } from './lib/classroom.mjs';
import { Server, binary } from './lib/server.mjs';

let server;
let teacher;
let observer;
let classroom;

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
  await Promise.all([observer?.close(), classroom?.close()]);
  await server?.stop();
  server?.cleanUp();
});

const open = (token) => api(server, `/api/v1/lessons/${server.lesson}/stream`, token, { method: 'POST' });

test('a stranger, another path and a changed signature get nothing', { timeout: 60_000 }, async () => {
  const opened = await open(server.token('observer'));
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
  assert.equal((await open('nobody')).status, 401);
});

// ---- in the page ----

const installReaders = () => {
  const shown = () => document.querySelector('[data-testid="live-video"]');
  // A coarse look at the picture: enough to tell whether it moves.
  window.__look = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 32, height: 18 });
    const pen = canvas.getContext('2d');
    pen.drawImage(shown(), 0, 0, 32, 18);
    return Array.from(pen.getImageData(0, 0, 32, 18).data);
  };
  // The hardest step from one pixel to the next in the row through the clock's digits, of 255.
  window.__sharpest = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 1 });
    const pen = canvas.getContext('2d');
    pen.drawImage(shown(), 0, 540, 1280, 1, 0, 0, 1280, 1);
    const { data } = pen.getImageData(0, 0, 1280, 1);
    let most = 0;
    for (let i = 4; i < data.length; i += 4) most = Math.max(most, Math.abs(data[i] - data[i - 4]));
    return most;
  };
  window.__live = () => ({
    state: document.querySelector('[data-testid="live-state"]')?.dataset.state,
    behind: Number(document.querySelector('[data-testid="live-behind"]')?.dataset.seconds ?? NaN),
    at: shown()?.currentTime ?? 0,
    frames: shown()?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
    soundBytes: shown()?.webkitAudioDecodedByteCount ?? 0,
    width: shown()?.videoWidth ?? 0,
    ready: shown()?.readyState ?? 0,
  });
};

const live = ({ page }) => page.evaluate(() => window.__live());

async function plays(browser, seconds) {
  const from = await live(browser);
  await until(browser.page, (goal) => window.__live().state === 'playing' && window.__live().at >= goal, from.at + seconds,
    { timeout: 40_000, what: `${seconds} s more of the stream` });
}

async function atStream(role, extra = []) {
  const browser = await enter(server, role, { extra, viewport: { width: 1920, height: 1080 } });
  await browser.context.addInitScript(installReaders);
  return browser;
}

test('an observer at the door chooses the delayed stream, and its picture moves', { timeout: 90_000 }, async () => {
  observer = await atStream('observer');
  await byTestId(observer.page, 'door-stream').click();
  await observer.page.waitForURL((url) => url.pathname === `/live/${server.lesson}`);
  await observer.page.evaluate(installReaders);
  await until(observer.page, () => window.__live().state === 'playing' && window.__live().frames > 15, null,
    { timeout: 40_000, what: 'the stream plays' });
  const first = await observer.page.evaluate(() => window.__look());
  await until(observer.page, (before) => window.__look().some((value, i) => Math.abs(value - before[i]) > 40), first, { what: 'the picture moves' });
  assert.equal((await live(observer)).width, 1280);
  // The teacher's large picture, not a small one made large: the clock's digits have hard edges.
  await until(observer.page, () => window.__sharpest() > 140, null, { what: 'the picture is sharp' });
  await observer.shot('live-playing-zh');
});

test('it stays less than five seconds behind the classroom, with sound', { timeout: 90_000 }, async () => {
  const from = await live(observer);
  const seen = [];
  await until(observer.page, (goal) => {
    window.__behind = [...(window.__behind ?? []), window.__live().behind];
    return window.__live().at >= goal;
  }, from.at + 6, { timeout: 40_000, what: 'six seconds of the stream' });
  seen.push(...await observer.page.evaluate(() => window.__behind));
  const known = seen.filter((value) => !Number.isNaN(value));
  assert.ok(known.length > 5, 'the page says how far behind it is');
  assert.ok(Math.max(...known) < 5, `behind by ${Math.max(...known)} s`);
  assert.ok(Math.min(...known) > 0.4, 'nothing is shown before the time that lost packets have to come');
  assert.ok((await live(observer)).soundBytes > from.soundBytes + 10_000, 'sound is decoded');
});

test('sound alone goes on without the picture, and the picture comes back', { timeout: 90_000 }, async () => {
  await byTestId(observer.page, 'sound-only').click();
  await until(observer.page, () => window.__live().state === 'playing' && window.__live().width === 0, null, { timeout: 30_000, what: 'sound without picture' });
  const from = await live(observer);
  await plays(observer, 2);
  const now = await live(observer);
  assert.ok(now.soundBytes > from.soundBytes, 'sound is decoded');
  await observer.shot('live-sound-zh');
  await byTestId(observer.page, 'sound-only').click();
  await until(observer.page, () => window.__live().state === 'playing' && window.__live().width === 1280, null, { timeout: 30_000, what: 'the picture again' });
});

test('the encoder is killed: another one goes on, behind a discontinuity, and the page plays on', { timeout: 120_000 }, async () => {
  const encoders = () => execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(server.child.pid)], { encoding: 'utf8' })
    .split('\n').filter((line) => / hls$/.test(line)).map((line) => Number.parseInt(line, 10));
  const [killed, ...more] = encoders();
  assert.deepEqual(more, [], 'one encoder makes the stream for all');
  process.kill(killed, 'SIGKILL');
  await until(observer.page, async () => {
    const address = await (await fetch(`/api/v1/lessons/${location.pathname.split('/')[2]}/stream`, { method: 'POST' })).json();
    return (await (await fetch(address.pictureUrl)).text()).includes('#EXT-X-DISCONTINUITY\n');
  }, null, { timeout: 40_000, what: 'a discontinuity in the playlist' });
  const [next] = encoders();
  assert.notEqual(next, killed);
  await until(observer.page, () => window.__live().state === 'playing' && window.__live().behind < 5, null, { timeout: 40_000, what: 'the page plays the new encoder' });
  await plays(observer, 3);
});

// A seat of the page's credential in the lesson, with nothing but its messages.
const sit = async (lesson) => {
  const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`, 'tongke.v1');
  await new Promise((done) => { socket.addEventListener('open', done); });
  const waiting = new Map();
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data);
    waiting.get(message.id)?.(message);
  });
  let ids = 0;
  window.__ask = (message) => new Promise((done) => {
    waiting.set(++ids, done);
    socket.send(JSON.stringify({ ...message, id: ids }));
  });
  setInterval(() => window.__ask({ t: 'ping' }), 4_000);
  return window.__ask({ t: 'hello', v: 1, lesson });
};

test('whoever the teacher removes loses the stream at once, and nobody else does', { timeout: 120_000 }, async () => {
  const lesson = (await api(server, `/api/v1/lessons/${server.lesson}`, server.token('teacher'))).json();
  const token = server.token('class', ['--class', lesson.classes[0].id]);
  classroom = await atStream('class', ['--class', lesson.classes[0].id]);
  await classroom.page.goto(`${server.https}/live/${server.lesson}`);
  const welcome = await classroom.page.evaluate(sit, server.lesson);
  assert.equal(welcome.t, 'welcome');
  await until(classroom.page, () => window.__live().state === 'playing', null, { timeout: 40_000, what: 'the class plays the stream' });
  const address = (await open(token)).json();
  assert.equal((await api(server, address.pictureUrl, '')).status, 200);

  // The observer's browser takes the teacher's seat; it goes on watching as one of the others.
  await observer.page.goto(`${server.https}/enter?token=${server.token('teacher')}`);
  await observer.page.waitForURL((url) => url.pathname !== '/enter');
  await observer.page.goto(`${server.https}/live/${server.lesson}`);
  await until(observer.page, () => window.__live().state === 'playing', null, { timeout: 40_000, what: 'the teacher plays the stream' });
  await observer.page.evaluate(sit, server.lesson);
  const reply = await observer.page.evaluate((p) => window.__ask({ t: 'remove', p }), welcome.you);
  assert.equal(reply.t, 'ok', JSON.stringify(reply));
  assert.equal((await api(server, address.pictureUrl, '')).status, 403, 'its address is void with the reply');
  assert.equal((await open(token)).status, 403, 'and there is no other for it');
  await until(classroom.page, () => window.__live().state === 'forbidden' && window.__live().ready === 0, null, { timeout: 15_000, what: 'the picture is gone' });
  await classroom.shot('live-removed-zh');

  await plays(observer, 3);
});

test('the stream ends with the lesson', { timeout: 60_000 }, async () => {
  const reply = await observer.page.evaluate(() => window.__ask({ t: 'end' }));
  assert.equal(reply.t, 'ok', JSON.stringify(reply));
  await until(observer.page, () => window.__live().state === 'ended', null, { timeout: 30_000, what: 'the page says that it is over' });
  await observer.shot('live-ended-zh');
});
