// Pages that stay open: what changes is there within a second, what cannot be known is told, and everything comes back by itself.
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GateId } from '../contracts/ids.ts';
import { gateWorkflowId, SEARCH } from '../contracts/names.ts';
import { connect } from '../infra/temporal/connect.ts';
import { openPage, startChromium } from '../tests/support/console-browser.ts';
import { type ConsoleWorld, openConsoleWorld } from '../tests/support/console-world.ts';
import { temporal, temporalAddress, withTemporal } from '../tests/support/play-campaign.ts';
import { freePort } from '../tests/support/temporal-server.ts';
import { tellFigures } from '../tests/support/told-figures.ts';

const gateState = defineSearchAttributeKey(SEARCH.gateState, 'KEYWORD');

withTemporal();
let world: ConsoleWorld;
let browser: Browser;
beforeAll(async () => {
  [world, browser] = await Promise.all([openConsoleWorld(), startChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

test('a gate that opens is seen, how soon is told, and one that is decided has gone', async ({ task }) => {
  const here = await world.serve();
  const { page, errors } = await openPage(browser);
  await page.goto(`${here.url}/`);
  await page.waitForTimeout(1_500);
  const took: number[] = [];
  for (const at of [1, 2, 3, 4, 5]) {
    const { gate } = await world.open(`timed-${at}.release-1`);
    await isOpen(gate);
    const began = performance.now();
    await page.locator(`a[href="/gates/timed-${at}.release-1"]`).waitFor();
    took.push(performance.now() - began);
  }
  const typical = took.toSorted((a, b) => a - b)[2] ?? Number.NaN;
  tellFigures(task, { 'open to visible, ms': Math.round(typical) });
  await world.answer('timed-1.release-1', 'keep');
  await page.locator('.closed a[href="/gates/timed-1.release-1"]').waitFor();
  expect(await page.locator('[data-part=open] a[href="/gates/timed-1.release-1"]').count()).toBe(0);
  expect(errors).toEqual([]);
  await page.context().close();
  await here.close();
});

test('one poller asks Temporal, however many look', async ({ task }) => {
  let calls = 0;
  const counted = async (): Promise<Client> => {
    calls += 1;
    return temporal();
  };
  const here = await world.serve({}, { temporal: counted });
  const pages = await Promise.all(Array.from({ length: 4 }, () => openPage(browser)));
  await Promise.all(pages.map(({ page }) => page.goto(`${here.url}/`)));
  await sleep(500);
  calls = 0;
  await sleep(3_000);
  tellFigures(task, { 'looks a second': Number((calls / 3).toFixed(1)) });
  expect(calls).toBeLessThanOrEqual(7);
  expect(calls).toBeGreaterThan(0);
  await Promise.all(pages.map(({ page }) => page.context().close()));
  await here.close();
});

test('while Temporal is away the page says since when; then it goes on by itself', async () => {
  const way = await openWay(temporalAddress());
  const connected = await connect({ address: way.address, namespace: 'default' }, { needs: 'read' });
  const here = await world.serve({}, { temporal: async () => connected.client });
  const { page, errors } = await openPage(browser);
  await page.goto(`${here.url}/`);
  const note = page.getByText('Stale since');
  await page.locator('a[href="/gates/timed-2.release-1"]').waitFor();
  expect(await note.isVisible()).toBe(false);
  await way.close();
  await note.waitFor();
  // Also for whoever comes now: the last that was known, marked.
  const other = await openPage(browser);
  await other.page.goto(`${here.url}/`);
  await other.page.getByText('Stale since').waitFor();
  await other.page.locator('a[href="/gates/timed-2.release-1"]').waitFor();
  const gate = await fetch(`${here.url}/gates/timed-2.release-1`);
  expect(gate.status).toBe(503);
  expect(await gate.text()).toContain('stack.temporal_unavailable');
  await way.reopen();
  await note.waitFor({ state: 'hidden' });
  expect([errors, other.errors]).toEqual([[], []]);
  await Promise.all([page.context().close(), other.page.context().close()]);
  await here.close();
  await connected.close();
  await way.close();
});

test('an open page outlives a restart of the console, and of the worker', async () => {
  const port = await freePort();
  const first = await world.serve({}, {}, port);
  const { page, errors } = await openPage(browser);
  await page.goto(`${first.url}/`);
  await page.waitForTimeout(1_000);
  await first.close();
  await page.getByText('Stale since').waitFor();
  await world.stopWorkers();
  const second = await world.serve({}, {}, port);
  await page.getByText('Stale since').waitFor({ state: 'hidden' });
  // Without a worker, gates are listed and read all the same.
  await page.locator('a[href="/gates/timed-3.release-1"]').click();
  await page.getByRole('heading', { name: 'Release timed-3.v4 of timed-3?' }).waitFor();
  await world.startWorkers();
  await page.getByRole('radio', { name: /^keep/ }).check();
  await page.getByLabel(/Reason/).fill('after all that');
  // The form is of the console before: it asks for the page anew.
  await page.getByRole('button', { name: 'Sign and send' }).click();
  await page.getByRole('heading', { name: /keep, decided by ada/ }).waitFor();
  await second.close();
  expect(errors).toEqual([]);
});

test('a thousand open gates: a page of them comes at once', async ({ task }) => {
  // Nothing has to be done with them: they are listed and read without a worker.
  await world.stopWorkers();
  const here = await world.serve();
  const names = Array.from({ length: 1_000 }, (_, at) => `many-${at}.release-1`);
  for (let from = 0; from < names.length; from += 50)
    await Promise.all(names.slice(from, from + 50).map((name) => world.open(name, {}, 7_200_000, true)));
  const listed = async (url: string): Promise<string> => (await fetch(`${url}/`)).text();
  const whole = />1,0\d\d gates wait for an answer</;
  await expect.poll(() => listed(here.url), { timeout: 120_000 }).toMatch(whole);
  const took: number[] = [];
  for (let at = 0; at < 10; at += 1) {
    const asked = performance.now();
    await listed(here.url);
    took.push(performance.now() - asked);
  }
  const { page } = await openPage(browser);
  await page.goto(`${here.url}/`);
  await world.open('urgent.integrity-1', {}, 60_000, true);
  const began = performance.now();
  await page.locator('a[href="/gates/urgent.integrity-1"]').waitFor();
  const visible = performance.now() - began;
  await page.goto(`${here.url}/?page=2`);
  expect(await page.locator('[data-part=open] [data-row]').count()).toBe(50);
  await here.close();
  const cold = await world.serve();
  const coldBegan = performance.now();
  await expect.poll(() => listed(cold.url), { timeout: 60_000 }).toMatch(whole);
  tellFigures(task, {
    'page of 1,000 gates, ms': Math.round(Math.max(...took)),
    'open to visible among 1,000, ms': Math.round(visible),
    'all 1,000 in a new console, ms': Math.round(performance.now() - coldBegan),
  });
}, 240_000);

/** By its own word, which no list is ahead of: until then a worker has it. */
async function isOpen(gate: GateId): Promise<void> {
  const handle = temporal().workflow.getHandle(gateWorkflowId(gate));
  while ((await handle.describe()).typedSearchAttributes.get(gateState) !== 'open') await sleep(10);
}

/** A way to a server that can be closed, with whatever goes through it, and opened again at the same address. */
async function openWay(to: string) {
  const [host = '', port = ''] = to.split(':');
  const through = new Set<Socket>();
  const server = createServer((from) => {
    const on = connectTo(Number(port), host);
    for (const one of [from, on]) {
      through.add(one);
      one.on('error', () => undefined).on('close', () => through.delete(one));
    }
    from.pipe(on).pipe(from);
  });
  const own = await freePort();
  const reopen = (): Promise<void> => new Promise((resolve) => server.listen(own, '127.0.0.1', resolve));
  await reopen();
  return {
    address: `127.0.0.1:${own}`,
    reopen,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const one of through) one.destroy();
      }),
  };
}
