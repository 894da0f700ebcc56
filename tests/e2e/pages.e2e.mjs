// Every page at the two distances it is made for, in both languages: it opens, fits its width, says nothing wrong, and
// leaves its picture in artifacts/ to be looked at. Lesson pages run in the lesson of lesson.e2e.mjs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { byTestId, openBrowser } from './lib/browser.mjs';
import { api, enter, join } from './lib/classroom.mjs';
import { Server } from './lib/server.mjs';

const SIZES = { desk: { width: 1920, height: 1080 }, phone: { width: 390, height: 844 } };

let server;
let browser;
let teacher;

before(async () => {
  server = await Server.start();
  teacher = await enter(server, 'teacher', { name: 'teacher' });
  await join(teacher);
  browser = await openBrowser({ name: 'class-a' });
}, { timeout: 90_000 });

after(async () => {
  await teacher?.close();
  await browser?.close();
  await server?.stop();
  server?.cleanUp();
});

async function looksRight(name, path, ready) {
  const { page } = browser;
  for (const language of ['zh-CN', 'en']) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await page.goto(`${server.https}${path}${path.includes('?') ? '&' : '?'}lang=${language}`);
      await ready(page);
      await browser.shot(`page-${name}-${size}-${language}`);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= viewport.width, `${name} is ${width} px wide on ${size}`);
      assert.equal(await page.evaluate(() => document.documentElement.lang), language);
    }
  }
  await page.setViewportSize(SIZES.desk);
}

const shows = (id) => (page) => byTestId(page, id).first().waitFor();

test('sign-in', { timeout: 60_000 }, () => looksRight('sign-in', '/sign-in', shows('sign-in')));

test('signing in with a password leads to today', { timeout: 60_000 }, async () => {
  const { page } = browser;
  const { login, password } = server.links.accounts.find((account) => account.login === 'teacher');
  await page.goto(`${server.https}/sign-in?lang=zh-CN`);
  await byTestId(page, 'login').fill(login);
  await byTestId(page, 'password').fill('not the password');
  await byTestId(page, 'sign-in').click();
  await page.locator('[role="alert"]').first().waitFor();
  await byTestId(page, 'password').fill(password);
  await byTestId(page, 'sign-in').click();
  await page.waitForURL((url) => url.pathname === '/');
  await byTestId(page, 'enter-lesson').first().waitFor();
});

test('today', { timeout: 60_000 }, () => looksRight('today', '/', shows('enter-lesson')));
test('device and line check', { timeout: 60_000 }, () => looksRight('check', '/check', (page) => page.locator('video').first().waitFor()));
test('library', { timeout: 60_000 }, () => looksRight('library', '/library', (page) => page.locator('main.library').waitFor()));
test('gallery of parts', { timeout: 60_000 }, () => looksRight('gallery', '/gallery', (page) => page.locator('h1').first().waitFor()));

test('lesson pages', { timeout: 240_000 }, async () => {
  const { classes } = (await api(server, `/api/v1/lessons/${server.lesson}`, server.token('teacher'))).json();
  const entrances = {
    class: [server.token('class', ['--class', classes[0].id]), 'class-screen'],
    observe: [server.token('observer'), 'observe'],
    teach: [server.token('teacher'), 'console'],
  };
  for (const [name, [token, id]] of Object.entries(entrances)) {
    await browser.context.clearCookies();
    await browser.page.goto(`${server.https}/enter?token=${token}`);
    await browser.page.waitForURL((url) => url.pathname !== '/enter');
    await looksRight(name, `/lesson/${server.lesson}/${name}`, async (page) => {
      await byTestId(page, 'join-button').or(byTestId(page, id)).first().waitFor();
      if (await byTestId(page, 'join-button').isVisible()) await byTestId(page, 'join-button').click();
      await byTestId(page, id).waitFor();
    });
  }
});
