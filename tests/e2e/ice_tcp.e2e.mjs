// A school whose network lets no UDP through: the server's UDP candidates never reach the browser, which has only the
// passive TCP ones (RFC 6544) to connect to. The lesson must go on as any other, beside classes that use UDP.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from './lib/browser.mjs';
import { api, enter, hears, join, seesPicture } from './lib/classroom.mjs';
import { Server } from './lib/server.mjs';

const SPEECH_POWER = 1e-5;

let server;
let teacher;
let behindFirewall;
let usual;

// As a firewall would: nothing of UDP is left to try.
function onlyTcp() {
  const native = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function setRemoteDescription(description) {
    const lines = description.sdp.split('\r\n');
    window.__withheld = (window.__withheld ?? 0) + lines.filter((line) => /^a=candidate:\S+ \d+ udp /i.test(line)).length;
    const sdp = lines.filter((line) => !/^a=candidate:\S+ \d+ udp /i.test(line)).join('\r\n');
    return native.call(this, { type: description.type, sdp });
  };
}

// The transport protocol of the pair in use.
const protocolOf = ({ page }) => page.evaluate(async () => {
  const peer = window.__peers.filter((p) => p.connectionState !== 'closed').at(-1);
  const stats = [...(await peer.getStats()).values()];
  const transport = stats.find((s) => s.type === 'transport');
  const pair = stats.find((s) => s.id === transport.selectedCandidatePairId);
  return stats.find((s) => s.id === pair.remoteCandidateId).protocol;
});

before(async () => {
  server = await Server.start();
}, { timeout: 60_000 });

after(async () => {
  for (const browser of [teacher, behindFirewall, usual]) await browser?.close();
  await server?.stop();
  server?.cleanUp();
});

test('a teacher and a class without UDP hold the lesson over TCP', { timeout: 120_000 }, async () => {
  const roster = (await api(server, `/api/v1/lessons/${server.lesson}`, server.token('teacher'))).json().classes;
  teacher = await enter(server, 'teacher', { name: 'teacher', init: onlyTcp });
  await join(teacher);
  behindFirewall = await enter(server, 'class', { name: 'class-a', extra: ['--class', roster[0].id], init: onlyTcp });
  await join(behindFirewall);
  usual = await enter(server, 'class', { name: 'class-b', extra: ['--class', roster[1].id] });
  await join(usual);
  for (const room of [behindFirewall, usual]) {
    await seesPicture(room, 'teacher', 30);
    const heard = await hears(room, 'voice-teacher', 5);
    assert.ok(heard.power > SPEECH_POWER, `speech is heard: ${heard.power}`);
    assert.ok(heard.concealed < 0.2, `share of concealed sound: ${heard.concealed}`);
  }
  await seesPicture(teacher, 'wall-0', 10);
  await seesPicture(teacher, 'wall-1', 10);
  assert.ok(await until(teacher.page, () => window.__withheld > 0), 'the answer named a UDP candidate');
  assert.equal(await protocolOf(teacher), 'tcp');
  assert.equal(await protocolOf(behindFirewall), 'tcp');
});

test('whoever can use UDP does', { timeout: 30_000 }, async () => {
  assert.equal(await protocolOf(usual), 'udp');
});
