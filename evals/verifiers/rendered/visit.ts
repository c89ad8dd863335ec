// A visit whose blame is just: a page that is lost may have met a busy machine, and what befalls a sample here must not be charged to
// the policy.
import type { Browser, BrowserVisit, OpenPage, PageLost } from '../../../contracts/browser.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import type { Instruments } from '../verifier.ts';

/** A page of ours that any browser shows at once. */
const CONTROL = '<!doctype html><title>control</title><p>control</p>';
/** Of the time that one step of the judgement may take. */
const CONTROL_SHARE = 0.5;

/** @throws AnnealError `verifier.failed` where there is none */
export function browserOf({ browser }: Instruments, what: string): Browser {
  if (browser !== undefined) return browser;
  throw new AnnealError('verifier.failed', `${what} cannot be judged without a browser`);
}

/**
 * In a fresh browser each time. A page that is lost twice is lost by its own doing, provided that a page of ours can be opened; a browser
 * that breaks is no verdict on a page, and breaks a judgement when it does so twice.
 * @throws AnnealError `sandbox.*`
 */
export async function visitJustly<Seen extends object>(
  browser: Browser,
  visit: BrowserVisit,
  look: (open: OpenPage) => Promise<Seen | PageLost>,
): Promise<Seen | PageLost> {
  let lost = false;
  let broke = false;
  for (;;) {
    const seen = await unlessBroken(() => browser.visit(visit, look));
    if (seen instanceof AnnealError) {
      if (broke) throw seen;
      broke = true;
    } else if (!('lost' in seen)) return seen;
    else if (lost) {
      await control(browser, visit);
      return seen;
    } else lost = true;
  }
}

async function unlessBroken<T>(visiting: () => Promise<T>): Promise<T | AnnealError> {
  try {
    return await visiting();
  } catch (failure) {
    if (failure instanceof AnnealError && failure.code === 'sandbox.failed') return failure;
    throw failure;
  }
}

async function control(browser: Browser, { limits }: BrowserVisit): Promise<void> {
  const files = new Map([['control.html', Buffer.from(CONTROL)]]);
  const start = performance.now();
  const look = await browser.visit({ files, limits }, async (open) => {
    const page = await open('control.html', { width: 800, height: 600 });
    return 'lost' in page ? page : page.look();
  });
  if ('lost' in look || performance.now() - start > limits.stepMs * CONTROL_SHARE)
    throw new AnnealError('sandbox.failed', 'a page was lost, and here a plain page of ours is slow or lost as well');
}
