// What the tests do and see in a lesson: people enter by link, and what a page receives is read from the browser's own
// statistics, slot by slot (the answer names each stream after its slot).
import { byTestId, openBrowser, until } from './browser.mjs';

// Remembers every peer connection of a page and which incoming track belongs to which slot.
function watchPeerConnections() {
  const Native = window.RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      this.slotOf = new Map();
      this.addEventListener('track', (event) => this.slotOf.set(event.receiver.track.id, event.streams[0]?.id ?? event.track.id));
      window.__peers.push(this);
    }
  };
  // Per slot, of the newest open connection: what has been received and played so far.
  window.__slots = async () => {
    const peer = window.__peers.filter((p) => p.connectionState !== 'closed').at(-1);
    const out = { state: peer?.connectionState ?? 'none', slots: {}, sent: {} };
    if (!peer) return out;
    for (const stat of (await peer.getStats()).values()) {
      if (stat.type === 'inbound-rtp') {
        const slot = peer.slotOf.get(stat.trackIdentifier) ?? stat.trackIdentifier;
        out.slots[slot] = { kind: stat.kind, packets: stat.packetsReceived, lost: stat.packetsLost, frames: stat.framesDecoded ?? 0,
          width: stat.frameWidth ?? 0, energy: stat.totalAudioEnergy ?? 0, seconds: stat.totalSamplesDuration ?? 0,
          concealed: stat.concealedSamples ?? 0, samples: stat.totalSamplesReceived ?? 0 };
      } else if (stat.type === 'outbound-rtp') {
        out.sent[stat.kind] = (out.sent[stat.kind] ?? 0) + (stat.framesEncoded ?? stat.packetsSent);
      }
    }
    return out;
  };
}

export async function enter(server, role, { name = null, extra = [], viewport, locale, headless, args, init = null, executable } = {}) {
  const browser = await openBrowser({ name, viewport, locale, headless, args, executable });
  if (init) await browser.context.addInitScript(init);
  await browser.context.addInitScript(watchPeerConnections);
  await browser.page.goto(`${server.https}/enter?token=${server.token(role, extra)}`);
  // The page trades the token for a cookie and leaves the address that held it.
  await browser.page.waitForURL((url) => url.pathname !== '/enter');
  return browser;
}

// Presses the page's one big way in, when it has one before the lesson.
export async function join({ page }) {
  const button = byTestId(page, 'join-button');
  await button.waitFor({ state: 'visible' });
  await button.click();
}

export const slots = ({ page }) => page.evaluate(() => window.__slots());

// Waits until `slot` has decoded `frames` more pictures than now.
export async function seesPicture({ page }, slot, frames = 15) {
  const before = (await page.evaluate(() => window.__slots())).slots[slot]?.frames ?? 0;
  await until(page, async ([name, goal]) => ((await window.__slots()).slots[name]?.frames ?? 0) >= goal, [slot, before + frames],
    { what: `${frames} more frames in slot ${slot}` });
}

// Sound heard in `slot` from now on for `seconds` of play-out: mean square energy per second and concealed share.
export async function hears({ page }, slot, seconds = 4) {
  const read = async () => (await page.evaluate(() => window.__slots())).slots[slot]
    ?? { energy: 0, seconds: 0, concealed: 0, samples: 0, packets: 0 };
  const before = await read();
  await until(page, async ([name, goal]) => ((await window.__slots()).slots[name]?.seconds ?? 0) >= goal,
    [slot, before.seconds + seconds], { what: `${seconds} s of sound in slot ${slot}`, timeout: 30_000 });
  const now = await read();
  return { power: (now.energy - before.energy) / (now.seconds - before.seconds), packets: now.packets - before.packets,
    concealed: (now.concealed - before.concealed) / Math.max(1, now.samples - before.samples) };
}

// RTP packets that came for any voice slot but the teacher's.
export async function strangersHeard(browser) {
  const { slots: map } = await slots(browser);
  return Object.entries(map).filter(([slot, s]) => s.kind === 'audio' && slot !== 'voice-teacher')
    .reduce((sum, [, s]) => sum + s.packets, 0);
}

export async function api(server, path, token, options = {}) {
  const { request } = await import('node:https');
  return new Promise((done, fail) => {
    const call = request(`${server.https}${path}`, { rejectUnauthorized: false, method: options.method ?? 'GET',
      headers: { authorization: `Bearer ${token}`, ...options.headers } }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        done({ status: answer.statusCode, headers: answer.headers, body,
          json: () => JSON.parse(body.toString('utf8')) });
      });
    });
    call.on('error', fail);
    call.end(options.body);
  });
}
