// How a page has to be for everybody: nothing that axe finds, in light and dark, on a desktop and on a small phone, and nothing to scroll sideways.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

export const LOOKS = [
  { name: 'light', colorScheme: 'light', width: 1200 },
  { name: 'dark', colorScheme: 'dark', width: 1200 },
  { name: 'phone', colorScheme: 'light', width: 360 },
  { name: 'phone-dark', colorScheme: 'dark', width: 360 },
] as const;

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @param page of a context with `bypassCSP`: axe is put in by the driver, which a page's own policy would refuse */
export async function expectGoodForAll(page: Page, look: string): Promise<void> {
  const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  expect(wide, `${look}: pixels to scroll sideways`).toBe(0);
  await page.evaluate(axe);
  const violations =
    await page.evaluate(`axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 160)).join(' | ')))`);
  expect(violations, look).toEqual([]);
}

/** The page as it is, in each look. @param see keeps a picture */
export async function expectGoodInEachLook(page: Page, see?: (look: string) => Promise<unknown>): Promise<void> {
  for (const { name, colorScheme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await see?.(name);
    await expectGoodForAll(page, name);
  }
}
