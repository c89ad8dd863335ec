// Whose doing it is that a browser is lost. A page may crash, hang or close itself: that is the page's, and the browser lives on. A browser
// that is killed or stopped takes the page along, and that befalls whatever is judged then.
import { readdirSync, readFileSync } from 'node:fs';
import type { Browser as Chromium } from 'playwright-core';

/** A browser that lives answers at once; on a busy machine not quite. */
const ANSWER_MS = 3_000;
/** Of the time that was waited for an answer: who hangs of its own accord computes, who was stopped does not. */
const IDLE_SHARE = 0.1;
/** Processor time is told in hundredths of a second (USER_HZ, which Linux shows to programs whatever its own clock). */
const TICK_MS = 10;

export interface Vital {
  readonly connected: boolean;
  /** Its first process, which no page's script runs in. */
  readonly answers: boolean;
  /** Some of it was ended for want of memory: of its own, which its pages share and can use up, or of the machine's. */
  readonly outOf?: 'own' | 'outside' | undefined;
  /** Some of its processes wait for a signal to go on. */
  readonly stopped: boolean;
  /** Processor time of all its processes while it was waited for, a share of that time. */
  readonly busy: number;
}

/** @returns what befell the browser from outside, in words; undefined where a page can have done it */
export function befallen({ connected, answers, outOf, stopped, busy }: Vital): string | undefined {
  // Whoever runs out of memory ends what is largest or matters least: that is a page's process, also when others took the memory.
  if (outOf === 'outside') return 'the machine ran out of memory, and ended some of the browser';
  if (stopped) return 'the browser was stopped from outside';
  if (connected && answers) return undefined;
  if (!connected) return outOf === 'own' ? undefined : 'the browser was ended from outside';
  return busy < IDLE_SHARE ? 'the browser does not answer, and does nothing' : undefined;
}

/** @param leader whose descendants are the browser's processes */
export async function vitalOf(browser: Chromium, leader: number, outOf: () => Vital['outOf']): Promise<Vital> {
  const began = performance.now();
  const before = processesOf(leader);
  const answers = browser.isConnected() && (await answered(browser));
  const after = processesOf(leader);
  const worked = ticksOf(after) - ticksOf(before);
  return {
    connected: browser.isConnected(),
    answers,
    outOf: outOf(),
    stopped: after.some(({ state }) => state === 'T'),
    busy: (worked * TICK_MS) / Math.max(1, performance.now() - began),
  };
}

async function answered(browser: Chromium): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ANSWER_MS);
  });
  const asked = async (): Promise<boolean> => {
    const cdp = await browser.newBrowserCDPSession();
    await cdp.send('Browser.getVersion');
    await cdp.detach();
    return true;
  };
  // One that ends refuses what it is asked a moment before its end is known.
  const ended = new Promise<boolean>((resolve) => {
    browser.once('disconnected', () => resolve(false));
  });
  try {
    return await Promise.race([asked().catch(() => ended), ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  /** One letter, as proc(5) has it. */
  readonly state: string;
  readonly ticks: number;
}

function processesOf(leader: number): SeenProcess[] {
  const children = Map.groupBy(
    readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (seenProcess(Number(name)) ?? []) : [])),
    ({ parent }) => parent,
  );
  const found: SeenProcess[] = [];
  for (const waiting = [leader]; waiting.length > 0; ) {
    const below = children.get(waiting.pop()!) ?? [];
    found.push(...below);
    waiting.push(...below.map(({ pid }) => pid));
  }
  return found;
}

/** Undefined when it ended between being listed and being read. */
function seenProcess(pid: number): SeenProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold anything, brackets too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      pid,
      state: fields[0] ?? '',
      parent: Number(fields[1]),
      ticks: Number(fields[11]) + Number(fields[12]),
    };
  } catch {
    return undefined;
  }
}

const ticksOf = (all: readonly SeenProcess[]): number => all.reduce((sum, { ticks }) => sum + ticks, 0);
