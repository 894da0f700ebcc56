// Real Chromium with a file for a camera and speech for a microphone.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pollInterval } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { camera, microphone } from './fixtures.mjs';

export const artifacts = join(import.meta.dirname, '..', 'artifacts');
mkdirSync(artifacts, { recursive: true });

export async function openBrowser({ name = null, viewport = { width: 1920, height: 1080 }, locale = 'zh-CN', headless = true, args = [],
  executable = '/usr/bin/chromium' } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'tongke-chromium-'));
  const media = name === null ? [] : [
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${camera(name)}`,
    `--use-file-for-fake-audio-capture=${microphone(name)}`,
  ];
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable, headless, viewport, locale, ignoreHTTPSErrors: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--mute-audio', '--use-fake-ui-for-media-stream',
      '--autoplay-policy=no-user-gesture-required', ...media, ...args],
  });
  await context.addInitScript(() => { try { localStorage.setItem('debug', '1'); } catch { /* no storage on about:blank */ } });
  const page = context.pages()[0] ?? await context.newPage();
  page.setDefaultTimeout(20_000);
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()); });
  const foreign = [];
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== '127.0.0.1') foreign.push(request.url());
  });
  return {
    context, page, errors, foreign,
    shot: (file, options = {}) => page.screenshot({ path: join(artifacts, `${file}.png`), ...options }),
    close: async () => { await context.close(); rmSync(profile, { recursive: true, force: true }); },
  };
}

export const byTestId = (page, id) => page.locator(`[data-testid="${id}"]`);

// Asks `probe` (run in the page, may be asynchronous) until it gives something truthy, and returns that.
export async function until(page, probe, argument, { timeout = 20_000, what = String(probe) } = {}) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const answer = await page.evaluate(probe, argument);
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`);
    await pollInterval(100);
  }
}
