// Incidents, tickets, research and the share of steps, of cases that really ran: what stands on their pages, in every look, and that nothing
// that anybody wrote there is more than text.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { expectGoodForAll, LOOKS } from '../tests/support/axe.ts';
import { openPage, startChromium } from '../tests/support/console-browser.ts';
import { type Cases, openCases } from '../tests/support/console-cases.ts';
import { withTemporal } from '../tests/support/play-campaign.ts';
import { DEFINITION } from './pages/share.ts';
import type { Served } from './serve.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 300_000 });
withTemporal();
let cases: Cases;
let here: Served;
let browser: Browser;
/** For looking at them while working. */
const pictures = process.env.ANNEAL_CONSOLE_PICTURES;

beforeAll(async () => {
  [cases, browser] = await Promise.all([openCases(), startChromium()]);
  here = await cases.world.serve();
});
afterAll(async () => {
  await browser?.close();
  await cases?.close();
});

const PAGES: Readonly<Record<string, () => string>> = {
  incidents: () => '/incidents',
  'incident-merged': () => `/incidents/${cases.incidents.merged}`,
  'incident-asked': () => `/incidents/${cases.incidents.asked}`,
  'incident-parked': () => `/incidents/${cases.incidents.parked}`,
  tickets: () => '/tickets',
  'ticket-asked': () => `/tickets/${cases.tickets.asked}`,
  'ticket-parked': () => `/tickets/${cases.tickets.parked}`,
  'ticket-waiting': () => `/tickets/${cases.tickets.waiting}`,
  research: () => '/research',
  'research-asked': () => `/research/${cases.research.asked}`,
  'research-hostile': () => `/research/${cases.research.hostile}`,
  share: () => '/share',
};

const textOf = async (path: string): Promise<string> => (await fetch(here.url + path)).text();

test.each(Object.entries(PAGES))('%s: good for everybody, and all of it is text', async (name, path) => {
  for (const { name: look, colorScheme, width } of LOOKS) {
    const viewport = { width, height: 800 };
    const { page, errors, refused } = await openPage(browser, { colorScheme, viewport, bypassCSP: true });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).origin));
    await page.goto(here.url + path());
    await page.locator('main h1').waitFor();
    if (pictures !== undefined) {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}-${look}.png`), fullPage: true });
    }
    await expectGoodForAll(page, look);
    expect(await page.evaluate('window.hit')).toBeUndefined();
    expect(new Set(asked)).toEqual(new Set([here.url]));
    expect([errors, refused]).toEqual([[], []]);
    // Links of ours alone: within the console, and to nothing that somebody has written.
    const links = await page.locator('main a').evaluateAll((all) => all.map((one) => one.getAttribute('href')));
    expect(links.filter((link) => !/^(?:[#/][a-z0-9.?=&/_-]*)$/i.test(link ?? ''))).toEqual([]);
    await page.context().close();
  }
  const html = await textOf(path());
  expect(html).not.toMatch(/<img|<svg onload|<base|<a href="javascript|<form action="\/\/|<script src="\/\//);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(html).not.toMatch(/[\u001b\u202a-\u202e]/);
  expect(html.length).toBeLessThan(400_000);
});

test('an incident that was merged tells how: cause with its lines, tests, review, patch, commit', async () => {
  const { merged } = cases.incidents;
  const { page } = await openPage(browser);
  await page.goto(`${here.url}/incidents/${merged}`);
  const main = page.locator('main');
  for (const text of ['exception', 'scripted-critic', 'guard-division', 'test_all_zero', 'failed before, pass after'])
    expect(await main.innerText()).toContain(text);
  expect(await main.locator('.lines .first').innerText()).toContain('train.log:8 first fault');
  expect(await main.locator('pre.diff').innerText()).toContain('+    if top == 0:');
  expect(await main.innerText()).toMatch(/commit\s+[0-9a-f]{40}\s+tag\s+anneal\/incident-/);
  expect(await main.locator('.tag', { hasText: 'tainted' }).count()).toBe(0);
  await page.context().close();
});

test('one that waits leads to its gate, and says that a stranger’s words have led there; the gate leads back', async () => {
  const { asked } = cases.incidents;
  const { page } = await openPage(browser);
  await page.goto(`${here.url}/incidents/${asked}`);
  expect(await page.locator('.tag', { hasText: 'tainted' }).count()).toBeGreaterThan(0);
  expect(await page.locator('.steps [aria-current]').innerText()).toContain('decide');
  await page.locator(`.silence a[href="/gates/${asked}.merge-1"]`).click();
  await page.locator(`a[href="/incidents/${asked}"]`).click();
  await page.getByRole('heading', { name: asked }).waitFor();
  await page.context().close();
});

test('a list tells state, cause, origin, means, commit and gate, the newest first', async () => {
  const { merged, asked, parked } = cases.incidents;
  const { page } = await openPage(browser);
  await page.goto(`${here.url}/incidents`);
  const rows = await page.locator('tbody tr').allInnerTexts();
  expect(rows).toHaveLength(3);
  expect(rows.map((row) => row.split(/\s/)[0])).toEqual([parked, merged, asked]);
  expect(rows[1]).toMatch(/merged\s+exception\s+a log of grace\s+remedy guard-division\s+[0-9a-f]{12}\s+–/);
  expect(rows[0]).toMatch(/left to people\s+exception\s+a log of grace\s+remedy\s+–\s+–/);
  expect(rows[2]).toMatch(/decide\s+exception\s+a log of grace\s+remedy guard-division\s+–\s+merge-1/);
  await page.context().close();
});

test('tickets tell whose words they are, sessions, budgets, their place in the queue, their end', async () => {
  const { asked, parked, waiting } = cases.tickets;
  const [list, one, left, third] = await Promise.all(
    ['/tickets', `/tickets/${asked}`, `/tickets/${parked}`, `/tickets/${waiting}`].map(textOf),
  );
  expect(list).toContain('waits for its turn');
  expect(one).toContain('Nobody answers for these words');
  expect(one).toMatch(/Cut: .*(?:lines|line)/);
  expect(one).toContain(`/gates/${asked}.merge-1`);
  expect(one).toMatch(/<dt>requests<\/dt><dd>7 <span class="soft">of 80/);
  expect(left).toContain('has signed for these words');
  expect(left).toContain('gave-up');
  expect(left).toContain('Left to people');
  expect(third).toContain('1 of 1 in the order of coming');
});

test('a report tells each claim with its citation, what was dropped, and the experiment with its gate', async () => {
  const html = await textOf(`/research/${cases.research.asked}`);
  expect(html).toContain('The current version of Commander requires at least v22.12.0.');
  expect(html).toMatch(/<code>commander\/Readme\.md:\d+/);
  expect(html).toContain('words that the quote does not bear');
  expect(html).toContain('training.learningRate');
  expect(html).toContain(`/gates/${cases.research.asked}.plan-1`);
  const hostile = await textOf(`/research/${cases.research.hostile}`);
  expect(hostile).toContain('940 more claims are not shown');
  expect(hostile).toContain('850 more are not shown');
});

test('the share is the command’s: numerator, denominator, by step, and what is counted', async () => {
  const { page } = await openPage(browser);
  await page.goto(`${here.url}/share`);
  await page.locator('.figure').waitFor({ timeout: 60_000 });
  const words = await page.locator('[data-part=share]').innerText();
  const { shareOf } = await import('../policies/share.ts');
  const { readHistories } = await import('../infra/temporal/histories.ts');
  const { temporal } = await import('../tests/support/play-campaign.ts');
  const { byAgents, all } = shareOf((await readHistories(temporal())).histories);
  expect(all).toBeGreaterThan(10);
  expect(words).toContain(`${byAgents} by agents`);
  expect(words).toContain(`of ${all} steps`);
  expect(words).not.toContain('no audit log was held');
  await page.locator('a[href="#definition"]').click();
  await page.context().close();
});

test('what is counted stands in docs/agents.md in the same words', () => {
  const table = readFileSync('docs/agents.md', 'utf8').split('## Which share of it agents do')[1]!;
  const rows = [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].slice(2);
  const plain = (text: string): string => text.replaceAll(/ ?\(`[^`]+`\)|`/g, '').replaceAll("'", '’');
  expect(rows.map(([, ...cells]) => cells.map(plain))).toEqual(DEFINITION);
});

test.each([
  ['/incidents/nobody', 'incident.not_found'],
  ['/incidents/ticket-000000000000', 'incident.not_found'],
  ['/incidents/..%2f..%2faudit', 'incident.not_found'],
  ['/tickets/ticket-000000000000', 'ticket.not_found'],
  ['/tickets/%3Cscript%3E', 'ticket.not_found'],
  ['/research/research-nobody', 'research.not_found'],
  ['/research/nobody', 'research.not_found'],
  ['/share?campaign=%3Cb%3E', 'console.no_page'],
])('%s is not found, and says so', async (path, code) => {
  const answered = await fetch(here.url + path);
  expect(answered.status).toBe(404);
  expect(await answered.text()).toContain(code);
});

test('whoever may see campaigns sees them; a page of a list that there is none of is the nearest', async () => {
  const viewer = await cases.world.serve({ name: 'vera', role: 'viewer' });
  for (const path of Object.values(PAGES)) expect((await fetch(viewer.url + path())).status).toBe(200);
  for (const page of ['-1', '99', 'x', '1e9'])
    expect(await textOf(`/incidents?page=${page}`)).toContain(cases.incidents.asked);
  await viewer.close();
});

test('an open page hears that its incident was decided', async () => {
  const { asked } = cases.incidents;
  const { page, errors } = await openPage(browser);
  await page.goto(`${here.url}/incidents/${asked}`);
  await page.locator('.silence').waitFor();
  await cases.world.answer(`${asked}.merge-1`, 'leave');
  await page.locator('.where', { hasText: 'a human said no' }).waitFor({ timeout: 30_000 });
  expect(errors).toEqual([]);
  await page.context().close();
});

test('without Temporal what the store has is shown, and why that is all', async () => {
  const { AnnealError } = await import('../contracts/errors.ts');
  const away = await cases.world.serve(
    {},
    {
      temporal: async () => {
        throw new AnnealError('stack.temporal_unavailable', 'scripted');
      },
    },
  );
  const html = await (await fetch(`${away.url}/incidents/${cases.incidents.merged}`)).text();
  expect(html).toContain('shown is what the store has');
  expect(html).toContain('test_all_zero');
  expect((await fetch(`${away.url}/incidents`)).status).toBe(503);
  await away.close();
});
