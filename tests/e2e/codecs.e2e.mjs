// Every codec that Debian's Chromium encodes goes through the server and is decoded by another page: scalable VP9 and AV1,
// H.264 with layers of its own size and without, Opus with redundancy. Where there are layers, the watcher's limit goes
// down and up again; what it is shown may change its size, never stand still.
//
// Frames are judged by their capture times as they arrive with them: a picture that could not be decoded leaves a gap
// there, a machine that is busy does not.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openBrowser, until } from './lib/browser.mjs';
import { Server } from './lib/server.mjs';

const WIDTH = 960;
const HEIGHT = 540;
const LONGEST_GAP_MS = 300;

let server;
let site;
let browser;
let sender;
let watcher;

before(async () => {
  server = await Server.start();
  const html = readFileSync(join(import.meta.dirname, 'peers/plain_page.html'));
  site = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(html));
  await new Promise((done) => { site.listen(0, '127.0.0.1', done); });
  browser = await openBrowser({ name: 'teacher', viewport: { width: 800, height: 500 } });
  sender = browser.page;
  await sender.goto(`http://127.0.0.1:${site.address().port}/`);
  watcher = await observe();
}, { timeout: 60_000 });

// A page in the lesson that sees the teacher, decoding all that it can or `codec` alone.
async function observe(codec = null) {
  const page = await browser.context.newPage();
  await page.goto(`${server.https}/enter?token=${server.token('observer')}`);
  await page.waitForURL((url) => url.pathname !== '/enter');
  await page.evaluate(watch, [server.lesson, codec]);
  return page;
}

after(async () => {
  await browser?.close();
  site?.closeAllConnections();
  site?.close();
  await server?.stop();
  server?.cleanUp();
});

// In the watcher's page: a seat in the lesson with one picture and one voice, and what of them was decoded.
async function watch([lesson, codec]) {
  const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`, 'tongke.v1');
  const waiting = new Map();
  let ids = 0;
  const ask = (message) => new Promise((done, refuse) => {
    const id = ++ids;
    waiting.set(id, (reply) => (reply.t === 'error' ? refuse(new Error(`${message.t}: ${reply.code} ${reply.message}`)) : done(reply)));
    socket.send(JSON.stringify({ ...message, id }));
  });
  const told = [];
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data);
    if (message.id !== undefined && waiting.has(message.id)) waiting.get(message.id)(message);
    else told.push(message);
  });
  await new Promise((done) => { socket.addEventListener('open', done); });
  setInterval(() => ask({ t: 'ping' }), 4000);
  await ask({ t: 'hello', v: 1, lesson });
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const voice = pc.addTransceiver('audio', { direction: 'recvonly' });
  const audio = RTCRtpReceiver.getCapabilities('audio').codecs;
  voice.setCodecPreferences([...audio.filter((c) => /opus/i.test(c.mimeType)), ...audio.filter((c) => /red/i.test(c.mimeType))]);
  const picture = pc.addTransceiver('video', { direction: 'recvonly' });
  if (codec !== null) picture.setCodecPreferences(RTCRtpReceiver.getCapabilities('video').codecs.filter((c) => [codec, 'video/rtx'].includes(c.mimeType)));
  const extensions = picture.getHeaderExtensionsToNegotiate();
  for (const one of extensions) if (/dependency-descriptor/.test(one.uri)) one.direction = 'sendrecv';
  picture.setHeaderExtensionsToNegotiate(extensions);
  await pc.setLocalDescription();
  const { sdp } = await ask({ t: 'offer', sdp: pc.localDescription.sdp, sections: [
    { mid: voice.mid, use: 'slot', slot: 'voice-teacher' }, { mid: picture.mid, use: 'slot', slot: 'teacher' }] });
  await pc.setRemoteDescription({ type: 'answer', sdp });
  const video = document.createElement('video');
  Object.assign(video, { autoplay: true, srcObject: new MediaStream([voice.receiver.track, picture.receiver.track]) });
  document.body.replaceChildren(video);
  // One entry per shown frame: when it was captured, on the media clock, and how wide it is.
  const frames = [];
  const note = (_, { rtpTimestamp, width }) => { frames.push({ at: rtpTimestamp, width }); video.requestVideoFrameCallback(note); };
  video.requestVideoFrameCallback(note);
  window.watching = {
    limit: (layer) => ask({ t: 'limit', slot: 'teacher', layer }),
    frames, told,
    stats: async () => {
      const out = {};
      const report = await pc.getStats();
      for (const stat of report.values()) {
        if (stat.type === 'inbound-rtp') out[stat.kind] = { ...stat, codec: report.get(stat.codecId)?.mimeType };
      }
      return out;
    },
  };
}

// In the sender's page: one picture as `codec` with `encodings`, and one voice.
async function send([url, token, { codec, fmtp = '', encodings, descriptor, width, height }]) {
  const media = await navigator.mediaDevices.getUserMedia({ video: { width, height, frameRate: 15 },
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  window.publisher = await new Session(url, token).open((pc) => { // eslint-disable-line no-undef
    const voice = pc.addTransceiver(media.getAudioTracks()[0], { direction: 'sendonly', streams: [media] });
    const audio = RTCRtpSender.getCapabilities('audio').codecs;
    voice.setCodecPreferences([...audio.filter((c) => /red/i.test(c.mimeType)), ...audio.filter((c) => /opus/i.test(c.mimeType))]);
    const picture = pc.addTransceiver(media.getVideoTracks()[0], { direction: 'sendonly', streams: [media], sendEncodings: encodings });
    const all = RTCRtpSender.getCapabilities('video').codecs;
    window.keepSize = () => picture.sender.setParameters({ ...picture.sender.getParameters(), degradationPreference: 'maintain-resolution' });
    picture.setCodecPreferences(all.filter((c) => c.mimeType === 'video/rtx' || (c.mimeType === codec && (c.sdpFmtpLine ?? '').includes(fmtp))));
    if (!descriptor) return;
    const extensions = picture.getHeaderExtensionsToNegotiate();
    for (const one of extensions) if (/dependency-descriptor/.test(one.uri)) one.direction = 'sendrecv';
    picture.setHeaderExtensionsToNegotiate(extensions);
  });
  // A busy machine sends fewer pictures, not smaller ones.
  await window.keepSize();
}

const sent = () => sender.evaluate(async () => {
  const report = await window.publisher.pc.getStats();
  return [...report.values()].filter((s) => s.type === 'outbound-rtp' && s.kind === 'video')
    .map((s) => ({ mode: s.scalabilityMode, frames: s.framesEncoded, keys: s.keyFramesEncoded, codec: report.get(s.codecId)?.mimeType }));
});
const stats = () => watcher.evaluate(() => window.watching.stats());
const shown = () => watcher.evaluate(() => window.watching.frames.length);
// `width`: 0 for any.
const shows = (width, from, count, what) => until(watcher, ([wide, start, goal]) =>
  window.watching.frames.slice(start).filter((f) => wide === 0 || f.width === wide).length >= goal, [width, from, count], { what, timeout: 30_000 });

// Sets the limit and waits until that is shown: the longest time between two frames meanwhile.
async function change(layer, width) {
  const from = await shown();
  await watcher.evaluate((limit) => window.watching.limit(limit), layer);
  await shows(width, from, 10, `10 frames ${width} wide after the limit ${layer}`);
  return watcher.evaluate((start) => {
    const frames = window.watching.frames.slice(start - 1);
    return Math.max(...frames.slice(1).map((f, i) => ((f.at - frames[i].at) >>> 0) / 90));
  }, from);
}

const H264 = { codec: 'video/H264', fmtp: 'packetization-mode=1;profile-level-id=42e01f' };
const CASES = [
  { name: 'VP9 L3T3_KEY', codec: 'video/VP9', fmtp: 'profile-id=0', encodings: [{ scalabilityMode: 'L3T3_KEY', maxBitrate: 1_200_000 }], lowest: WIDTH / 4 },
  { name: 'VP9 L3T3', codec: 'video/VP9', fmtp: 'profile-id=0', encodings: [{ scalabilityMode: 'L3T3', maxBitrate: 1_200_000 }], lowest: WIDTH / 4 },
  { name: 'AV1 L2T3_KEY with the dependency descriptor', codec: 'video/AV1', encodings: [{ scalabilityMode: 'L2T3_KEY', maxBitrate: 600_000 }], width: 640, height: 360, lowest: 320, descriptor: true },
  // What Chromium sends unless a page asks for more: no descriptor, so that nothing can be left out.
  { name: 'AV1 L1T3 without the descriptor', codec: 'video/AV1', encodings: [{ scalabilityMode: 'L1T3', maxBitrate: 600_000 }], width: 640, height: 360 },
  { name: 'H.264 simulcast', ...H264, lowest: WIDTH / 4, encodings: [{ rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
    { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000 }, { rid: 'f', maxBitrate: 1_200_000 }] },
  { name: 'H.264 plain', ...H264, encodings: [{ maxBitrate: 1_000_000 }] },
];

for (const { name, lowest, width = WIDTH, height = HEIGHT, ...source } of CASES) {
  const layers = lowest !== undefined;
  test(`${name} is decoded${layers ? ', smaller and larger again without a gap' : ''}; Opus with RED beside it`, { timeout: 60_000 }, async () => {
    const from = await shown();
    await sender.evaluate(send, [`${server.https}/whip/${server.lesson}`, server.token('teacher'), { width, height, ...source }]);
    try {
      await shows(layers ? width : 0, from, 15, 'the picture');
      const before = await stats();
      const [encoded] = await sent();
      assert.equal(before.video.codec, source.codec);
      assert.equal(encoded.codec, source.codec);
      const mode = source.encodings[0].scalabilityMode;
      if (mode) assert.equal(encoded.mode, mode);
      if (layers) {
        const down = await change(0, lowest);
        const up = await change(255, width);
        assert.ok(down <= LONGEST_GAP_MS && up <= LONGEST_GAP_MS, `longest time without a frame, down ${down} ms, up ${up} ms`);
      } else {
        await shows(0, await shown(), 15, 'more of the picture');
      }
      const after = await stats();
      assert.equal(after.video.pliCount, before.video.pliCount, 'the decoder never lost its way');
      // Some to begin with and for the changes, never a steady stream of one a second.
      for (const layer of await sent()) assert.ok(layer.keys <= 5 + layer.frames / 45, `${layer.keys} key frames among ${layer.frames}`);
      // Nothing is lost on the way, so that the player puts aside each earlier block that RED brings again.
      await until(watcher, async ([received, discarded]) => {
        const { audio } = await window.watching.stats();
        return audio.packetsReceived - received > 25 && audio.packetsDiscarded - discarded > 20;
      }, [before.audio.packetsReceived, before.audio.packetsDiscarded], { what: 'redundant blocks reach the player of the voice' });
    } finally {
      await sender.evaluate(async () => { await window.publisher.close(); window.publisher.pc.close(); });
    }
  });
}

test('a page that cannot decode AV1 is told so, costs the sender no key frames, and others see the picture', { timeout: 60_000 }, async () => {
  const blind = await observe('video/VP8');
  const from = await shown();
  await sender.evaluate(send, [`${server.https}/whip/${server.lesson}`, server.token('teacher'),
    { width: 320, height: 180, codec: 'video/AV1', encodings: [{ maxBitrate: 200_000 }] }]);
  try {
    await until(blind, () => window.watching.told.some((m) => m.t === 'undecodable' && m.slots.teacher?.codec === 'av1'), null, { what: 'the page is told' });
    // A key frame a second would be wished for by a receiver that waits for one.
    await shows(320, from, 40, 'three seconds of the picture on the other page');
    const [layer] = await sent();
    assert.ok(layer.keys <= 2 + layer.frames / 45, `${layer.keys} key frames among ${layer.frames}`);
    assert.equal((await blind.evaluate(() => window.watching.stats())).video?.framesDecoded ?? 0, 0);
  } finally {
    await sender.evaluate(async () => { await window.publisher.close(); window.publisher.pc.close(); });
    await until(blind, () => Object.keys(window.watching.told.filter((m) => m.t === 'undecodable').at(-1).slots).length === 0, null, { what: 'nothing is undecodable any more' });
    await blind.close();
  }
});
