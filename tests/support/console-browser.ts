// A real Chromium in front of the console. Whatever a page throws or refuses is kept, so that a test can say that there was nothing.
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

export interface Watched {
  readonly page: Page;
  /** Uncaught errors of the page's scripts. */
  readonly errors: string[];
  /** What the page's policy refused. */
  readonly refused: string[];
}

export const startChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const [errors, refused]: [string[], string[]] = [[], []];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) refused.push(message.text());
  });
  return { page, errors, refused };
}
