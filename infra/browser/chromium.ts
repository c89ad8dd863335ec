// The Chromium adapter of the browser port: one browser process tree a judgement, in an isolation of its own (profile.ts).
import { accessSync, constants, existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Browser as Chromium } from 'playwright-core';
import type { Browser, BrowserLimits, BrowserVisit, OpenPage, PageLost } from '../../contracts/browser.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { createSlots } from '../process/slots.ts';
import { makeTemporaryFolder } from '../process/work-folder.ts';
import { type Cgroups, findCgroups, shortageOf } from '../sandbox/cgroup.ts';
import { type RootEntry, readRootEntries } from '../sandbox/profile.ts';
import { befallen, vitalOf } from './blame.ts';
import { openPage } from './page.ts';
import { chromiumArguments } from './profile.ts';

const CHROMIUM_PATHS = [
  '/usr/lib/chromium/chromium',
  '/usr/lib/chromium-browser/chromium-browser',
  '/usr/lib64/chromium-browser/chromium-browser',
  '/opt/google/chrome/chrome',
];
const BWRAP_PATHS = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'];

const START_MS = 30_000;
const CLOSE_MS = 5_000;
/** In one judgement. */
const MOST_PAGES = 200;
const MEMORY_BYTES = 768 * 2 ** 20;
/** Threads count. */
const PROCESSES = 600;
/** Slots of the sandbox's control groups begin at 0. */
const FIRST_SLOT = 10_000;

export const BROWSER_LIMITS: BrowserLimits = { wallMs: 120_000, stepMs: 10_000, diskBytes: 128 * 2 ** 20 };

export interface ChromiumOptions {
  readonly chromiumPath?: string;
  readonly bwrapPath?: string;
  /** Browsers at a time; more wait. Default: cores. */
  readonly concurrency?: number;
}

interface Prepared {
  readonly chromium: string;
  readonly bwrap: string;
  readonly rootLinks: readonly RootEntry[];
  readonly cgroups: Cgroups;
}

/** Nothing is looked for until first use. */
export function createChromiumBrowser(options: ChromiumOptions = {}): Browser {
  const queue = createSlots(options.concurrency ?? availableParallelism());
  let found: Prepared | undefined;
  const prepared = (): Prepared => {
    found ??= prepare(options);
    return found;
  };
  const visit: Browser['visit'] = (request, look) =>
    queue(async (slot) => {
      const running = await start(prepared(), request, FIRST_SLOT + slot);
      try {
        return await look(opener(running, request));
      } finally {
        await end(running);
      }
    });
  return {
    visit,
    async describe() {
      const ready = prepared();
      const running = await start(ready, { limits: { ...BROWSER_LIMITS, wallMs: START_MS } }, FIRST_SLOT);
      const version = running.chromium.version();
      await end(running);
      return `Chromium ${version}, its own sandbox inside bubblewrap; no network; ${ready.cgroups.level}`;
    },
  };
}

function opener({ chromium: browser, leader, shortage }: Running, visit: BrowserVisit): OpenPage {
  const deadline = performance.now() + visit.limits.wallMs;
  const outside = async (): Promise<string | undefined> => befallen(await vitalOf(browser, leader, shortage));
  let opened = 0;
  return async (entry, viewport) => {
    opened += 1;
    if (opened > MOST_PAGES) throw new AnnealError('internal.bug', `more than ${MOST_PAGES} pages in one judgement`);
    await closeOpen(browser);
    try {
      return await openPage({ ...visit, browser, entry, viewport, deadline, outside });
    } catch (cause) {
      if (cause instanceof AnnealError) throw cause;
      // A page before may have taken the browser along. Where there was none, it is not the artifact's doing.
      const why = (await outside()) ?? (opened > 1 ? undefined : 'the browser broke before it had opened a page');
      if (why === undefined) return { lost: 'the browser is gone' } satisfies PageLost;
      throw new AnnealError('sandbox.failed', why, { cause });
    }
  };
}

/** A page that does not go is left to the end of the browser. */
const closeOpen = (browser: Chromium): Promise<unknown> =>
  within(CLOSE_MS, Promise.all(browser.contexts().map((context) => context.close().catch(() => {}))));

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

function prepare({ chromiumPath, bwrapPath }: ChromiumOptions): Prepared {
  const find = (what: string, paths: readonly string[], hint: string): string => {
    const path = paths.find(executable);
    if (path !== undefined) return path;
    throw new AnnealError('sandbox.unavailable', `${what} is not installed (looked at ${paths.join(', ')}). ${hint}`);
  };
  return {
    chromium: find(
      'Chromium',
      chromiumPath === undefined ? CHROMIUM_PATHS : [chromiumPath],
      'apt-get install chromium. Web pages and slides cannot be judged without it.',
    ),
    bwrap: find(
      'bubblewrap',
      bwrapPath === undefined ? BWRAP_PATHS : [bwrapPath],
      'apt-get install bubblewrap. No page is ever opened outside a sandbox.',
    ),
    rootLinks: readRootEntries(),
    cgroups: findCgroups(),
  };
}

function executable(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Running {
  readonly chromium: Chromium;
  /** Leader of a process group: with it goes the process name space, and everything in that. */
  readonly leader: number;
  /** Whose memory ran out, if some of its processes were ended for it. */
  shortage(): ReturnType<typeof shortageOf>;
}

async function start(ready: Prepared, { limits }: Pick<BrowserVisit, 'limits'>, slot: number): Promise<Running> {
  const { diskBytes, wallMs } = limits;
  const bounds = { memoryBytes: MEMORY_BYTES, diskBytes, processes: PROCESSES };
  const folder = await makeTemporaryFolder('browser');
  const pidFile = join(folder, 'pid');
  const bounded = ready.cgroups.slot(slot);
  const before = bounded?.shortages();
  const [program, ...args] = chromiumArguments({
    chromium: ready.chromium,
    bwrap: ready.bwrap,
    rootLinks: ready.rootLinks,
    diskBytes,
    seconds: Math.ceil((START_MS + wallMs + CLOSE_MS) / 1_000),
    pidFile,
    groups: bounded?.open(bounds) ?? [],
    root: process.getuid?.() === 0,
  });
  try {
    // Not before it is needed: commands that show nothing would load it, too.
    const { chromium } = await import('playwright-core');
    const running = await chromium.launch({
      executablePath: program,
      args,
      ignoreDefaultArgs: true,
      // Empty: what this process knows is not the browser's business.
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      timeout: START_MS,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    const leader = Number(readFileSync(pidFile, 'utf8'));
    return {
      chromium: running,
      leader,
      shortage: () =>
        bounded === undefined || before === undefined ? undefined : shortageOf(before, bounded.shortages()),
    };
  } catch (cause) {
    throw new AnnealError('sandbox.failed', `Chromium did not start in its sandbox: ${reason(cause)}`, { cause });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Nothing of it is worth a farewell, and a busy one would take its time over it. */
async function end({ chromium: browser, leader }: Running): Promise<void> {
  const closed = browser.isConnected()
    ? new Promise<void>((resolve) => browser.once('disconnected', () => resolve()))
    : Promise.resolve();
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It is gone already.
  }
  await within(CLOSE_MS, closed);
}

function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const lines = text.split('\n').map((line) => line.trim());
  return (lines.find((line) => /bwrap:|prlimit|setpriv|error while loading/.test(line)) ?? lines[0] ?? '').slice(
    0,
    300,
  );
}
