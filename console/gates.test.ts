// Gates in a real browser: seen, answered, raced for, expired, withdrawn of their evidence.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPage, startChromium } from '../tests/support/console-browser.ts';
import { type ConsoleWorld, openConsoleWorld } from '../tests/support/console-world.ts';
import { withTemporal } from '../tests/support/play-campaign.ts';
import type { Served } from './serve.ts';

withTemporal();
let world: ConsoleWorld;
let console_: Served;
let browser: Browser;
beforeAll(async () => {
  [world, browser] = await Promise.all([openConsoleWorld(), startChromium()]);
  console_ = await world.serve();
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

test('a gate is seen, approved with a reason, and then says who decided what on which evidence', async () => {
  const { gate, evidence, result } = await world.open('seen.release-1');
  const { page, errors, refused } = await openPage(browser);
  await page.goto(`${console_.url}/`);
  await page.getByRole('link', { name: 'Release seen.v4 of seen?' }).click();
  await page.getByRole('radio', { name: /^release/ }).check();
  await page.getByLabel(/Reason/).fill('The gain holds on functions no decision saw.');
  await page.getByRole('button', { name: 'Sign and send' }).click();
  await page.getByRole('heading', { name: /release, decided by ada on/ }).waitFor();
  expect(await page.getByText('The gain holds on functions no decision saw.').count()).toBe(1);
  expect(await page.getByText(evidence.sha256).count()).toBeGreaterThan(0);
  expect(await result()).toMatchObject({
    ...{ how: 'decided', gate, option: 'release' },
    decision: {
      body: { approver: 'ada', evidenceHash: evidence.sha256, unattended: false },
      keyId: world.identity.keyId,
    },
  });
  expect([errors, refused]).toEqual([[], []]);
});
