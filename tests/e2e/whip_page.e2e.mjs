// A page of another site publishes by WHIP and plays by WHEP in real Chromium, with no code of ours: CORS, trickle, ICE
// restart and the end as RFC 9725 has them.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openBrowser, until } from './lib/browser.mjs';
import { Server } from './lib/server.mjs';

let server;
let site;
let browser;
let page;
let urls;

before(async () => {
  // After a restart Chromium asks from the address of its network interface: the answer must come from where it asked.
  server = await Server.start({ config: '[media]\nbind = "127.0.0.1"\n' });
  const html = readFileSync(join(import.meta.dirname, 'peers/plain_page.html'));
  site = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(html));
  await new Promise((done) => { site.listen(0, '127.0.0.1', done); });
  urls = { whip: `${server.https}/whip/${server.lesson}`, whep: `${server.https}/whep/${server.lesson}` };
  browser = await openBrowser({ name: 'teacher', viewport: { width: 800, height: 500 } });
  page = browser.page;
  await page.goto(`http://127.0.0.1:${site.address().port}/`);
}, { timeout: 60_000 });

after(async () => {
  await browser?.close();
  site?.closeAllConnections();
  site?.close();
  await server?.stop();
  server?.cleanUp();
});

const state = (who) => page.evaluate((name) => window[name].state(), who);
const moreFrames = async (who, count = 15) => {
  const before = (await state(who)).frames;
  await until(page, async ([name, goal]) => (await window[name].state()).frames >= goal, [who, before + count],
    { what: `${count} more frames of the ${who}` });
};

test('publishes and plays across origins, candidates trickled', { timeout: 60_000 }, async () => {
  await page.evaluate(([url, token]) => window.publish(url, token), [urls.whip, server.token('teacher')]);
  await page.evaluate(([url, token]) => window.play(url, token), [urls.whep, server.token('observer')]);
  await moreFrames('player', 30);
  for (const who of ['publisher', 'player']) {
    await until(page, (name) => window[name].patches.length > 0, who, { what: `the ${who} trickles` });
    const seen = await page.evaluate((name) => { const { patches, tag, acceptPatch, resource } = window[name]; return { patches, tag, acceptPatch, resource }; }, who);
    assert.deepEqual([...new Set(seen.patches)], [204]);
    assert.match(seen.tag, /^"[\w-]{22}"$/);
    assert.equal(seen.acceptPatch, 'application/trickle-ice-sdpfrag');
    assert.match(seen.resource, new RegExp(`^${who === 'player' ? urls.whep : urls.whip}/[\\w-]{22}$`));
  }
  assert.ok((await state('player')).samples > 0, 'sound comes');
  const shown = await page.evaluate(() => { const { videoWidth, srcObject } = document.querySelector('#picture'); return { videoWidth, tracks: srcObject.getTracks().length }; });
  assert.ok(shown.videoWidth > 0);
  assert.equal(shown.tracks, 2, 'voice and picture are one stream');
});

for (const who of ['publisher', 'player']) {
  test(`an ICE restart of the ${who} moves the media to a new socket`, { timeout: 60_000 }, async () => {
    const before = await state(who);
    const tag = await page.evaluate((name) => window[name].tag, who);
    const restarted = await page.evaluate((name) => window[name].restart(), who);
    assert.equal(restarted.lite, true);
    assert.notEqual(restarted.tag, tag);
    await until(page, async ([name, old]) => { const { port } = await window[name].state(); return port !== null && port !== old; }, [who, before.port],
      { what: `the ${who} uses another port than ${before.port}` });
    await moreFrames(who, 30);
    await moreFrames('player', 15);
    assert.equal((await state(who)).connection, 'connected');
    // The old ICE session's tag is worth nothing any more.
    assert.equal(await page.evaluate(async ([name, old]) => (await window[name].patch(old, window[name].fragment([]))).status, [who, tag]), 412);
  });
}

test('refusals can be read by the page', { timeout: 30_000 }, async () => {
  const refusal = (url, token) => page.evaluate(async ([address, secret]) => {
    try { await window.play(address, secret); return null; } catch (error) { return { status: error.status, type: error.type, problem: error.problem }; }
  }, [url, token]);
  await page.evaluate(() => { window.kept = window.player; });
  const wrong = await refusal(urls.whep, 'x'.repeat(43));
  assert.equal(wrong.status, 401);
  assert.equal(wrong.type, 'application/problem+json');
  assert.equal(wrong.problem.title, 'Unauthorized');
  assert.equal((await refusal(`${server.https}/whep/nowhere`, server.token('observer'))).status, 404);
  await page.evaluate(() => { window.player = window.kept; });
});

test('DELETE ends the media at once, and the session with it', { timeout: 30_000 }, async () => {
  const got = await page.evaluate(() => window.player.resource);
  const look = () => page.evaluate(async (url) => (await window.player.call('GET', url)).status, got);
  assert.equal(await look(), 204);
  assert.equal(await page.evaluate(() => window.player.close()), 200);
  assert.equal(await look(), 404);
  let before = -1;
  for (let still = 0; still < 3;) {
    const now = (await state('player')).packets;
    still = now === before ? still + 1 : 0;
    before = now;
    await moreFrames('publisher', 3); // it goes on sending, and nobody gets it
  }
  assert.equal(await page.evaluate(() => window.player.close()), 404);
  assert.equal(await page.evaluate(async () => (await window.player.patch('*', window.player.fragment([]))).status), 404);
  assert.equal(await page.evaluate(() => window.publisher.close()), 200);
});
