// Every page: no violation that axe finds, in light and dark; nothing to scroll sideways on a small phone; light to load.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderReport } from '../cli/report/render.ts';
import { CAMPAIGN, fillConsole, fixturePool, GATE } from '../tests/fixtures/console.fixture.ts';
import { expectGoodForAll, LOOKS } from '../tests/support/axe.ts';
import { openPage, startChromium } from '../tests/support/console-browser.ts';
import { type ConsoleWorld, openConsoleWorld } from '../tests/support/console-world.ts';
import { withTemporal } from '../tests/support/play-campaign.ts';
import type { Served } from './serve.ts';

withTemporal();
let world: ConsoleWorld;
let here: Served;
let browser: Browser;
/** For looking at them while working. */
const pictures = process.env.ANNEAL_CONSOLE_PICTURES;

beforeAll(async () => {
  [world, browser] = await Promise.all([openConsoleWorld(), startChromium()]);
  await fillConsole(world);
  for (const [at, kind] of ['release-1', 'open-sealed-1', 'integrity-1'].entries())
    await world.open(`other.${kind}`, {}, [600_000, 86_400_000, 400_000_000][at]);
  const closed = await world.open('done.release-1');
  here = await world.serve({}, { renderReport, pool: async () => fixturePool() });
  const form = new URLSearchParams({
    option: 'keep',
    reason: 'The gain may be chance.',
    evidenceHash: closed.evidence.sha256,
  });
  const page = await (await fetch(`${here.url}/gates/done.release-1`)).text();
  form.set('csrf', /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '');
  await fetch(`${here.url}/gates/done.release-1/decisions`, { method: 'POST', body: form, redirect: 'manual' });
  await closed.result();
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const PAGES: Readonly<Record<string, string>> = {
  gates: '/',
  gate: `/gates/${GATE}`,
  'gate-closed': '/gates/done.release-1',
  campaigns: '/campaigns',
  campaign: `/campaigns/${CAMPAIGN}`,
  rollouts: `/campaigns/${CAMPAIGN}/rounds/1/rollouts`,
  rollout: `/campaigns/${CAMPAIGN}/rounds/1/rollouts/train.v0/g0/s0`,
  failure: '/gates/nobody.release-1',
  explained: '/errors/gate.closed',
};
test.each(Object.entries(PAGES))('%s', async (name, path) => {
  for (const { name: look, colorScheme, width } of LOOKS) {
    const { page, errors, refused } = await openPage(browser, {
      colorScheme,
      viewport: { width, height: 800 },
      bypassCSP: true,
    });
    await page.goto(here.url + path);
    await page.locator('main').waitFor();
    if (pictures !== undefined) {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}-${look}.png`), fullPage: true });
    }
    await expectGoodForAll(page, look);
    expect([errors, refused]).toEqual([[], []]);
    const bytes = await page.evaluate(
      `['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind)).reduce((sum, one) => sum + one.encodedBodySize, 0)`,
    );
    expect(bytes, 'bytes of the page with all that it loads').toBeLessThan(200_000);
    expect(bytes).toBeGreaterThan(10_000);
    await page.context().close();
  }
});

test('a report brings its own looks and script, and no origin', async () => {
  const answered = await fetch(`${here.url}/campaigns/${CAMPAIGN}/report`);
  expect(answered.status).toBe(200);
  expect(answered.headers.get('content-security-policy')).toMatch(/sandbox allow-scripts$/);
  const { page, errors } = await openPage(browser);
  await page.goto(`${here.url}/campaigns/${CAMPAIGN}/report`);
  expect(await page.evaluate('[origin, document.title]')).toEqual(['null', `${CAMPAIGN} · Anneal report`]);
  expect(errors).toEqual([]);
});
