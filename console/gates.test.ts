// Gates in a real browser: seen, answered, raced for, expired, and what is refused.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onCallSpec } from '../contracts/on-call.ts';
import { openPage, startChromium } from '../tests/support/console-browser.ts';
import { type ConsoleWorld, openConsoleWorld, removeObject } from '../tests/support/console-world.ts';
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

async function answer(page: Page, option: RegExp, reason: string): Promise<void> {
  await page.getByRole('radio', { name: option }).check();
  await page.getByLabel(/Reason/).fill(reason);
  await page.getByRole('button', { name: 'Sign and send' }).click();
}

/** As the form of the page would send it, but for the changes. */
async function send(
  url: string,
  gate: string,
  changes: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const page = await (await fetch(`${url}/gates/${gate}`)).text();
  const value = (name: string): string => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '';
  const body = new URLSearchParams({
    ...{ option: 'release', reason: 'by a test', evidenceHash: value('evidenceHash'), csrf: value('csrf') },
    ...changes,
  });
  const got = await fetch(`${url}/gates/${gate}/decisions`, { method: 'POST', body, redirect: 'manual' });
  return { status: got.status, text: await got.text() };
}

test('a gate is seen, approved with a reason, and then says who decided what on which evidence', async () => {
  const { gate, evidence, result } = await world.open('seen.release-1');
  const { page, errors, refused } = await openPage(browser);
  await page.goto(`${here.url}/`);
  await page.getByRole('link', { name: 'Release seen.v4 of seen?' }).click();
  await answer(page, /^release/, 'The gain holds on functions no decision saw.');
  await page.getByRole('heading', { name: /release, decided by ada on/ }).waitFor();
  expect(await page.getByText('The gain holds on functions no decision saw.').count()).toBe(1);
  expect(await page.getByText(evidence.sha256).count()).toBeGreaterThan(0);
  const { approver, keyId } = world.identity;
  expect(await result()).toMatchObject({
    ...{ how: 'decided', gate, option: 'release' },
    decision: { body: { approver, evidenceHash: evidence.sha256, unattended: false }, keyId },
  });
  expect([errors, refused]).toEqual([[], []]);
});

test('a gate is denied by its safe option, without JavaScript', async () => {
  const { result } = await world.open('denied.release-1');
  const { page } = await openPage(browser, { javaScriptEnabled: false });
  await page.goto(`${here.url}/gates/denied.release-1`);
  await answer(page, /^keep/, 'The interval is wide.');
  await page.getByRole('heading', { name: /keep, decided by ada on/ }).waitFor();
  expect(await result()).toMatchObject({ how: 'decided', option: 'keep' });
});

test('of two approvers the first one counts, and the other is told so while they write', async () => {
  const { result } = await world.open('raced.release-1');
  const [first, second] = await Promise.all([openPage(browser), openPage(browser)]);
  for (const { page } of [first, second]) await page.goto(`${here.url}/gates/raced.release-1`);
  await second.page.getByLabel(/Reason/).fill('I am still writing');
  await answer(first.page, /^release/, 'first');
  await second.page.getByRole('heading', { name: /release, decided by ada/ }).waitFor();
  await expect.poll(() => second.page.locator('[data-news]').textContent()).toMatch(/closed while you looked/);
  // Whoever was quicker than their page.
  const late = await send(here.url, 'raced.release-1', { option: 'keep' });
  expect([late.status, late.text.includes('gate.closed')]).toEqual([409, true]);
  expect(await result()).toMatchObject({ option: 'release', decision: { body: { reason: 'first' } } });
  expect([first.errors, second.errors]).toEqual([[], []]);
});

test('answers that meet at the gate: one is taken in, the others are told that it is closed', async () => {
  const { result } = await world.open('met.release-1');
  const answers = await Promise.all(
    ['release', 'keep', 'keep'].map((option) => send(here.url, 'met.release-1', { option })),
  );
  const taken = answers.filter(({ status }) => status === 303);
  const refused = answers.filter(({ status }) => status === 409);
  expect([taken.length, refused.length]).toEqual([1, 2]);
  for (const { text } of refused) expect(text).toContain('gate.closed');
  expect(await result()).toMatchObject({ how: 'decided' });
});

test('a gate expires while its page is open: the page says what silence took', async () => {
  await world.open('silent.release-1', {}, 6_000);
  const { page, errors } = await openPage(browser);
  await page.goto(`${here.url}/gates/silent.release-1`);
  await page.getByLabel(/Reason/).fill('too slow');
  await page.getByRole('heading', { name: /keep: nobody answered until/ }).waitFor();
  expect(await page.getByRole('button', { name: 'Sign and send' }).count()).toBe(0);
  expect(errors).toEqual([]);
});

test('what was answered on other evidence than the gate has is refused', async () => {
  await world.open('changed.release-1');
  const { status, text } = await send(here.url, 'changed.release-1', { evidenceHash: 'e'.repeat(64) });
  expect(status).toBe(403);
  expect(text).toContain('decision.altered');
});

test('evidence that is gone is told, and only the safe option can be chosen', async () => {
  const { evidence, result } = await world.open('gone.release-1');
  removeObject(world, evidence);
  const { page } = await openPage(browser);
  const fresh = await world.serve();
  await page.goto(`${fresh.url}/gates/gone.release-1`);
  await page.getByText('Its evidence cannot be read.').waitFor();
  expect(await page.getByRole('radio').count()).toBe(1);
  const blind = await send(fresh.url, 'gone.release-1');
  expect(blind.text).toContain('store.not_found');
  await answer(page, /^keep/, 'Nobody can see what it is about.');
  await page.getByRole('heading', { name: /keep, decided by ada/ }).waitFor();
  expect(await result()).toMatchObject({ option: 'keep' });
});

test('a form of elsewhere, a viewer, an empty reason and an option that there is none decide nothing', async () => {
  const { gate, evidence } = await world.open('kept.release-1');
  const viewer = await world.serve({ name: 'vera', role: 'viewer', csrf: 'known' });
  const passkeys = await world.serve({ how: 'oidc' });
  const answers = {
    forged: await send(here.url, gate, { csrf: 'guessed' }),
    viewer: await send(viewer.url, gate, { csrf: 'known', evidenceHash: evidence.sha256 }),
    unsigned: await send(passkeys.url, gate),
    reasonless: await send(here.url, gate, { reason: '  ' }),
    unknown: await send(here.url, gate, { option: 'publish' }),
    elsewhere: await send(here.url, gate, { decision: '{"body":{}}' }),
    json: await fetch(`${here.url}/gates/${gate}/decisions`, { method: 'POST', body: '{}' }).then(async (got) => ({
      status: got.status,
      text: await got.text(),
    })),
  };
  const codes = Object.entries(answers).map(
    ([name, { text }]) => `${name} ${/<code>([a-z_.]+)<\/code>/.exec(text)?.[1]}`,
  );
  expect(codes).toEqual([
    ...['forged console.refused', 'viewer console.refused', 'unsigned console.refused'],
    ...['reasonless decision.reason_missing', 'unknown decision.unknown_option', 'elsewhere console.refused'],
    'json console.refused',
  ]);
  // What was written is kept where the form can be mended.
  expect((await send(here.url, gate, { option: 'publish', reason: 'kept words' })).text).toContain(
    'kept words</textarea>',
  );
  const { page } = await openPage(browser);
  await page.goto(`${viewer.url}/gates/${gate}`);
  await page.getByText('You are here as a viewer').waitFor();
  expect(await page.getByRole('button', { name: 'Sign and send' }).count()).toBe(0);
});

test('a page in another page is refused', async () => {
  await world.open('framed.release-1');
  const { page } = await openPage(browser);
  await page.route('http://evil.test/', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<iframe src="${here.url}/gates/framed.release-1"></iframe>` }),
  );
  await page.goto('http://evil.test/');
  await page.waitForTimeout(500);
  const frame = page.frames()[1];
  expect(
    await frame
      ?.locator('form')
      .count()
      .catch(() => 0),
  ).toBe(0);
  const { headers } = await fetch(`${here.url}/gates/framed.release-1`);
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
});

const reached = [{ kind: 'slack', url: 'https://hooks.example.org/x' }];
const onCall = onCallSpec.parse({
  ...{ apiVersion: 'anneal/v1', kind: 'OnCall', people: { ada: reached, ben: reached } },
  ...{ rotation: { people: ['ada', 'ben'], from: '2026-01-05' }, escalation: [{ after: '0s', tell: ['on-call'] }] },
});

test('the list names who is on call; keys go through it, and open the one in focus', async () => {
  await world.open('keys.release-1', { title: 'The last of them?' }, 900_000_000);
  const { page, errors } = await openPage(browser);
  const fresh = await world.serve({}, { onCall });
  await page.goto(`${fresh.url}/`);
  await page.getByText(/^On call: (ada, then ben|ben, then ada)$/).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  const focused = await page.evaluate('document.activeElement.textContent');
  expect(focused).toBe(await page.locator('[data-row] a').first().textContent());
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/gates\//);
  expect(errors).toEqual([]);
});
