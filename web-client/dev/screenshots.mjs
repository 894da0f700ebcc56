// Pictures of every page at both sizes in both languages, of the invented lesson. Usage:
//   npm run screenshots -- OUT_FOLDER [name-filter]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';

const out = process.argv[2];
const filter = process.argv[3] ?? '';
if (out === undefined) throw new Error('name the folder that the pictures go to');
mkdirSync(out, { recursive: true });

const JOIN = async (page) => {
  await page.locator('[data-testid="join-button"]').click();
  await page.locator('video').first().waitFor();
};
const AWAKE = (page) => page.mouse.move(200, 200);
const SHOTS = [
  ['sign-in', '/sign-in'],
  ['today', '/'],
  ['today-empty', '/?empty=1'],
  ['check', '/check'],
  ['door-class', '/lesson/demo/class'],
  ['teach-call', '/lesson/demo/teach?scene=call', JOIN],
  ['teach-encoder', '/lesson/demo/teach?scene=encoder', JOIN],
  ['teach-sources', '/lesson/demo/teach?scene=sources', async (page) => { await JOIN(page); await page.locator('[data-testid="sources"]').click(); }],
  ['teach-sources-add', '/lesson/demo/teach?scene=sources', async (page) => {
    await JOIN(page);
    await page.locator('[data-testid="sources"]').click();
    await page.locator('[data-testid="source-add"]').click();
    await page.locator('[data-testid="source-form"] select').nth(1).selectOption('rtsp');
  }],
  ['teach-sources-key', '/lesson/demo/teach?scene=sources', async (page) => {
    await JOIN(page);
    await page.locator('[data-testid="sources"]').click();
    await page.locator('[data-testid="source-add"]').click();
    await page.locator('[data-testid="source-save"]').click();
    await page.locator('[data-testid="source-key"]').waitFor();
  }],
  ['class-board', '/lesson/demo/class?scene=board', JOIN],
  ['observe-board', '/lesson/demo/observe?scene=board', JOIN],
  ['teach-lost', '/lesson/demo/teach?scene=lost', JOIN, 5000],
  ['class-call', '/lesson/demo/class?scene=call', JOIN],
  ['class-quiet', '/lesson/demo/class?scene=quiet', JOIN],
  ['class-asleep', '/lesson/demo/class?scene=call&as=p2', JOIN, 6500],
  ['class-weak', '/lesson/demo/class?scene=weak', JOIN, 5500, AWAKE],
  ['class-lost', '/lesson/demo/class?scene=lost', JOIN, 5500, AWAKE],
  ['observe', '/lesson/demo/observe?scene=call', JOIN],
  ...[1, 3, 14, 40].flatMap((n) => [
    [`teach-${n}-classes`, `/lesson/demo/teach?scene=call&classes=${n}`, JOIN],
    [`observe-${n}-classes`, `/lesson/demo/observe?scene=call&classes=${n}`, JOIN],
    [`class-${n}-classes`, `/lesson/demo/class?scene=call&as=${n > 1 ? 'p3' : 'p2'}&classes=${n}`, JOIN],
  ]),
  ['observe-sound-only', '/lesson/demo/observe?scene=call&classes=40', async (page) => { await JOIN(page); await page.locator('[data-testid="pictures-off"]').click(); }],
  // One step for each sentence that pages have.
  ...['slow-thumbnails', 'low-main', 'no-screen'].flatMap((step) => [
    [`teach-relief-${step}`, `/lesson/demo/teach?scene=call&classes=14&relief=${step}`, JOIN],
    [`observe-relief-${step}`, `/lesson/demo/observe?scene=call&classes=14&relief=${step}`, JOIN],
    [`class-relief-${step}`, `/lesson/demo/class?scene=call&classes=14&relief=${step}`, JOIN],
  ]),
  ['library', '/library'],
  ['player', '/library/demo', async (page) => page.locator('[data-testid="timeline"] .surface').click({ position: { x: 100, y: 10 } })],
  ['gallery', '/gallery'],
  ['gallery-dark', '/gallery?theme=dark'],
];
const SIZES = { desk: { width: 1920, height: 1080 }, phone: { width: 390, height: 844 } };

const server = await createServer({ mode: 'mock', server: { port: 0, strictPort: false }, logLevel: 'error' });
await server.listen();
const base = server.resolvedUrls.local[0].replace(/\/$/, '');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'],
});
for (const [name, path, act, wait, last] of SHOTS.filter(([name]) => name.includes(filter))) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const language of ['zh-CN', 'en']) {
      const context = await browser.newContext({ viewport });
      await context.addInitScript((lang) => localStorage.setItem('tongke.language', lang), language);
      const page = await context.newPage();
      page.on('pageerror', (error) => console.error(`${name} ${size} ${language}: ${error}`));
      await page.goto(base + path);
      await page.locator('#root > *').first().waitFor();
      await act?.(page);
      await page.waitForTimeout(wait ?? 1200);
      await last?.(page);
      const spill = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (spill > 0) console.error(`${name} ${size} ${language}: ${spill} px wider than the screen`);
      await page.screenshot({ path: join(out, `${name}-${size}-${language}.png`), fullPage: size === 'phone' });
      await context.close();
    }
  }
}
await browser.close();
await server.close();
