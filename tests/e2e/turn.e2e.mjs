// A classroom whose network lets nothing through but the way to a TURN server: real Chromium, Debian's coturn with
// configs/turnserver.conf.example, credentials from the server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join as path } from 'node:path';
import { after, before, test } from 'node:test';
import { byTestId, openBrowser, until } from './lib/browser.mjs';
import { api, enter, hears, join, seesPicture } from './lib/classroom.mjs';
import { Server } from './lib/server.mjs';
import { TurnServer } from './lib/turn.mjs';

// coturn's certificate here is nobody's that a browser knows.
const args = ['--ignore-certificate-errors'];

let turn;
let server;
let encoder;
let room;

before(async () => {
  turn = await TurnServer.start();
  server = await Server.start({ config: `[ice]\nturn = ${JSON.stringify(Object.values(turn.urls()))}\nturn_secret_file = "${turn.secretFile}"\n` });
  encoder = spawn('/usr/bin/python3', [path(import.meta.dirname, 'peers/aiortc_peer.py'), 'publish', `${server.https}/whip/${server.lesson}`,
    server.token('teacher'), '120'], { stdio: 'ignore' });
}, { timeout: 60_000 });

after(async () => {
  encoder?.kill('SIGKILL');
  await room?.close();
  await server?.stop();
  await turn?.stop();
  server?.cleanUp();
});

// The page's connections have the one way that its storage names and no other.
function onlyOneWay() {
  const Native = window.RTCPeerConnection;
  const narrowed = (configuration) => ({ ...configuration, iceTransportPolicy: 'relay', iceServers: configuration.iceServers
    .map((one) => ({ ...one, urls: one.urls.filter((url) => url === localStorage.getItem('only')) })) });
  if (localStorage.getItem('only') === null) return;
  window.RTCPeerConnection = class extends Native {
    constructor(configuration) { super(narrowed(configuration)); }
    setConfiguration(configuration) { super.setConfiguration(narrowed(configuration)); }
  };
}

const selectedPair = (page) => page.evaluate(async () => {
  const report = await window.__tongke.peers()[0].getStats();
  for (const stat of report.values()) {
    if (stat.type !== 'transport' || !stat.selectedCandidatePairId) continue;
    const local = report.get(report.get(stat.selectedCandidatePairId).localCandidateId);
    return { type: local.candidateType, by: local.relayProtocol };
  }
  return null;
});

for (const way of ['UDP', 'TCP', 'TLS']) {
  test(`a class sees and hears the lesson through TURN over ${way} alone`, { timeout: 60_000 }, async () => {
    if (room === undefined) {
      const lesson = (await api(server, `/api/v1/lessons/${server.lesson}`, server.token('teacher'))).json();
      room = await enter(server, 'class', { name: 'class-a', extra: ['--class', lesson.classes[0].id], args });
      await room.context.addInitScript(onlyOneWay);
    }
    await room.page.evaluate((url) => localStorage.setItem('only', url), turn.urls()[way]);
    await room.page.reload();
    if (way === 'UDP') await join(room); // later the page comes back by itself
    await seesPicture(room, 'teacher', 20);
    assert.ok((await hears(room, 'voice-teacher', 1)).power > 1e-5, 'the tone is heard');
    assert.deepEqual(await selectedPair(room.page), { type: 'relay', by: way.toLowerCase() });
  });
}

test('an ICE restart moves a page to another relayed address, and the lesson goes on', { timeout: 60_000 }, async () => {
  const localPort = () => room.page.evaluate(async () => {
    const report = await window.__tongke.peers()[0].getStats();
    const transport = [...report.values()].find((stat) => stat.type === 'transport');
    return report.get(report.get(transport.selectedCandidatePairId)?.localCandidateId)?.port ?? null;
  });
  const before = await localPort();
  await room.page.evaluate(() => { [window.kept] = window.__tongke.peers(); return window.__tongke.restartIce(); });
  const deadline = Date.now() + 20_000;
  while (await localPort() === before) assert.ok(Date.now() < deadline, 'another relayed address is in use');
  await seesPicture(room, 'teacher', 20);
  assert.ok(await room.page.evaluate(() => window.__tongke.peers()[0] === window.kept), 'it is the same connection');
  assert.deepEqual(await selectedPair(room.page), { type: 'relay', by: 'tls' });
});

test('the check page names the ways that are open', { timeout: 60_000 }, async () => {
  await room.page.evaluate(() => localStorage.removeItem('only'));
  for (const [language, size] of [['zh-CN', { width: 1920, height: 1080 }], ['en', { width: 390, height: 844 }]]) {
    await room.page.setViewportSize(size);
    await room.page.goto(`${server.https}/check?lang=${language}`);
    const row = byTestId(room.page, 'check-relay');
    await row.waitFor();
    assert.match(await row.textContent(), /TCP, TLS, UDP/);
    await row.scrollIntoViewIfNeeded();
    await room.shot(`check-relay-${size.width}-${language}`);
  }
});

test('an expired, a wrong and a missing credential are refused, and the right one is not', { timeout: 60_000 }, async () => {
  const browser = await openBrowser();
  try {
    await browser.page.goto(server.https);
    const inAnHour = Math.floor(Date.now() / 1000) + 3600;
    const gathers = (credential) => browser.page.evaluate(async ([url, { username, credential: password }]) => {
      const pc = new RTCPeerConnection({ iceTransportPolicy: 'relay', iceServers: [{ urls: [url], username, credential: password }] });
      const found = { relayed: 0, refused: 0 };
      pc.onicecandidateerror = (event) => { if (event.errorCode === 401) found.refused += 1; };
      pc.addTransceiver('audio');
      await new Promise((done) => {
        pc.onicecandidate = ({ candidate }) => { if (candidate === null) done(); else if (candidate.type === 'relay') found.relayed += 1; };
        pc.createOffer().then((offer) => pc.setLocalDescription(offer));
      });
      pc.close();
      return found;
    }, [turn.urls().UDP, credential]);
    const refused = { relayed: 0, refused: 1 };
    assert.deepEqual(await gathers(turn.credential(inAnHour - 7200)), refused, 'expired');
    assert.deepEqual(await gathers(turn.credential(inAnHour, 'another secret')), refused, 'of another secret');
    assert.deepEqual(await gathers({ username: 'somebody', credential: 'something' }), refused, 'invented');
    assert.deepEqual(await gathers(turn.credential(inAnHour)), { relayed: 1, refused: 0 }, 'right');
    const [made] = (await api(server, '/api/v1/ice-servers', server.token('observer'))).json().iceServers;
    assert.deepEqual(await gathers(made), { relayed: 1, refused: 0 }, 'made by the server');
  } finally {
    await browser.close();
  }
});

test('neither the secret nor a password is in a log', () => {
  assert.ok(!server.log.join('\n').includes(turn.secret));
  assert.ok(!turn.log.includes(turn.secret));
  assert.ok(!/credential|password/i.test(server.log.join('\n')));
});
