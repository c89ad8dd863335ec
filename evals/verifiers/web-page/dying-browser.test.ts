// A browser that dies, hangs or is not there while a page is judged: never a verdict on the page.
import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { Browser, BrowserPage, OpenPage } from '../../../contracts/browser.ts';
import type { Sandbox } from '../../../contracts/ports.ts';
import { createChromiumBrowser } from '../../../infra/browser/chromium.ts';
import { blamesMachine } from '../../../policies/retry.ts';
import { ownBrowsers, strikeOwnBrowsers } from '../../../tests/support/own-browsers.ts';
import { judgeVariant } from '../../hacks/judging.ts';
import { CALCULATOR_SAMPLES } from '../../hacks/web-page/corpus.ts';

vi.setConfig({ testTimeout: 240_000 });

const SAMPLE = CALCULATOR_SAMPLES[0]!;
const chromium = createChromiumBrowser({ concurrency: 1 });
const judge = (browser: Browser) =>
  judgeVariant(SAMPLE, SAMPLE.gold, { sandbox: {} as Sandbox, secret: 'a secret', browser });

afterEach(() => vi.waitFor(() => expect(ownBrowsers()).toEqual([]), { timeout: 10_000 }));

/** What a page is asked when it is struck: its first look, or the picture of a page that was used before. */
const MOMENTS = { 'before the first look': 'look', 'between interaction and layout': 'pictures' } as const;
type Moment = keyof typeof MOMENTS;

interface Struck {
  readonly browser: Browser;
  /** Browsers that were started. */
  visits(): number;
}

/** @param times of those that are started, how many are struck */
function struck(signal: 'SIGKILL' | 'SIGSTOP', moment: Moment, times: number): Struck {
  let visits = 0;
  const browser: Browser = {
    describe: () => chromium.describe(),
    visit(request, look) {
      visits += 1;
      let armed = visits <= times;
      const strike = (asked: string): void => {
        if (!armed || asked !== MOMENTS[moment]) return;
        armed = false;
        strikeOwnBrowsers(signal);
      };
      const opening =
        (open: OpenPage): OpenPage =>
        async (entry, viewport) => {
          const page = await open(entry, viewport);
          if ('lost' in page) return page;
          const watched: BrowserPage = {
            ...page,
            look: () => {
              strike('look');
              return page.look();
            },
            pictures: () => {
              strike('pictures');
              return page.pictures();
            },
          };
          return watched;
        };
      return chromium.visit(request, (open) => look(opening(open)));
    },
  };
  return { browser, visits: () => visits };
}

const EACH = (['SIGKILL', 'SIGSTOP'] as const).flatMap((signal) =>
  (Object.keys(MOMENTS) as Moment[]).map((moment) => ({ signal, moment })),
);

test.each(EACH)('$signal $moment: a second browser judges the page', async ({ signal, moment }) => {
  const { browser, visits } = struck(signal, moment, 1);
  expect(await judge(browser)).toMatchObject({ outcome: 'success', reward: { total: 1 } });
  expect(visits()).toBe(2);
});

test.each(EACH)('$signal $moment of every browser: masked, and judged by the next that lives', async (of) => {
  const { browser, visits } = struck(of.signal, of.moment, 2);
  const judged = await judge(browser);
  expect(judged).toMatchObject({
    outcome: 'infrastructure_failure',
    reason: expect.stringMatching(/^sandbox.failed: /),
  });
  expect(judged).not.toHaveProperty('reward');
  expect(visits()).toBe(2);
  expect(ownBrowsers()).toEqual([]);
  expect(await judge(browser)).toMatchObject({ outcome: 'success', reward: { total: 1 } });
});

test('a browser that is not there judges nothing, and the campaign waits for it', async () => {
  const folder = await mkdtemp('/var/tmp/anneal-no-browser-');
  await chmod(folder, 0o755);
  try {
    const chromiumPath = join(folder, 'chromium');
    const absent = createChromiumBrowser({ chromiumPath });
    const trial = judge(absent);
    await expect(trial).rejects.toMatchObject({
      code: 'sandbox.unavailable',
      message: expect.stringContaining('Chromium'),
    });
    expect(blamesMachine('sandbox.unavailable')).toBe(true);
    await symlink('/usr/lib/chromium/chromium', chromiumPath);
    expect(await judge(absent)).toMatchObject({ outcome: 'success' });
    // It was found before, and goes while the worker lives.
    await rm(chromiumPath);
    expect(await judge(absent)).toMatchObject({ outcome: 'infrastructure_failure' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
