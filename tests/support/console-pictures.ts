// The pictures of docs/images, of a console that runs: `node tests/support/console-pictures.ts URL [FOLDER]`. What they show is whatever lies
// behind it: a campaign of the quickstart that waits at a gate has something for each.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { startChromium } from './console-browser.ts';

const [url, folder = 'docs/images'] = process.argv.slice(2);
if (url === undefined) throw new Error('node tests/support/console-pictures.ts URL [FOLDER]');

const DESKTOP: BrowserContextOptions = { viewport: { width: 1200, height: 800 }, colorScheme: 'light' };
const DARK: BrowserContextOptions = { ...DESKTOP, colorScheme: 'dark' };
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

const first = async (page: Page, at: string, link: string): Promise<string> => {
  await page.goto(url + at);
  const found = await page.locator(link).first().getAttribute('href', { timeout: 5_000 });
  return found ?? at;
};

const browser = await startChromium();
const looking = await (await browser.newContext()).newPage();
const gate = await first(looking, '/', '[data-row] a').catch(() => '/');
const campaign = await first(looking, '/campaigns', '[data-row] a');
const rollouts = `${campaign}/rounds/1/rollouts`;
const rollout = await first(looking, `${rollouts}?outcome=success`, '[data-row] a').catch(() =>
  first(looking, rollouts, '[data-row] a'),
);

const PICTURES: readonly (readonly [name: string, path: string, looks: BrowserContextOptions])[] = [
  ['console-gates', '/', DESKTOP],
  ['console-gate', gate, DESKTOP],
  ['console-gate-dark', gate, DARK],
  ['console-gate-phone', gate, PHONE],
  ['console-campaign', campaign, DESKTOP],
  ['console-rollout', rollout, DESKTOP],
];
mkdirSync(folder, { recursive: true });
for (const [name, path, looks] of PICTURES) {
  const context = await browser.newContext(looks);
  const page = await context.newPage();
  await page.goto(url + path);
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await context.close();
  console.log(`${name}: ${path}`);
}
await browser.close();
