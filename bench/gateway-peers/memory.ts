// `--part memory`: the gateway's resident memory over 100,000 requests, each 2,000 of 64 rollouts of their own.
import type { Shot } from './load.ts';
import { fire, MODES, type Systems } from './systems.ts';

export interface MemoryOptions {
  readonly requests: number;
  /** No lot is begun after it. */
  readonly seconds: number;
  readonly print: (line: string) => void;
  readonly progress: (line: string) => void;
}

const LOT = 2_000;

export async function memoryOver(systems: Systems, options: MemoryOptions): Promise<ReturnType<typeof summarise>> {
  const { requests, seconds, print, progress } = options;
  const size = Math.min(LOT, Math.ceil(requests / 10));
  const looks: Look[] = [];
  const until = Date.now() + seconds * 1000;
  for (let [sent, lot] = [0, 0]; sent < requests && Date.now() < until; lot += 1) {
    // Plain and streamed by turns: what either leaves behind is seen.
    const asked = { ...systems.asked('Anneal', MODES[lot % 2]!, lot), concurrency: 64, requests: size };
    sent += (await fire<Shot>('load.ts', 'Anneal', { ...asked, seconds: 120 })).answered;
    const { residentBytes, completions } = await systems.metrics();
    if (completions.records !== sent) throw new Error(`${completions.records} records of ${sent} requests`);
    looks.push({ requests: sent, mib: residentBytes / 2 ** 20 });
    if (lot % 10 === 9) progress(`memory: ${sent} of ${requests} requests, ${looks.at(-1)!.mib.toFixed(0)} MiB`);
  }
  const summary = summarise(looks);
  const { first, last, slope, slopeAfterHalf, peak, total } = summary;
  print(
    '| requests | first tenth, MiB | last tenth, MiB | peak, MiB | slope, MiB per 10,000 requests | … of the second half |',
  );
  print(`|${' --- |'.repeat(6)}`);
  print(
    `| ${total} | ${first.toFixed(0)} | ${last.toFixed(0)} | ${peak.toFixed(0)} | ${slope.toFixed(2)} | ${slopeAfterHalf.toFixed(2)} |`,
  );
  print(`\nRecords stored ÷ requests 1.0000 of ${total}.${total < requests ? ` Ended after ${seconds} s.` : ''}`);
  return summary;
}

export interface Look {
  readonly requests: number;
  readonly mib: number;
}

export function summarise(looks: readonly Look[]) {
  const tenth = Math.max(1, Math.round(looks.length / 10));
  const mean = (some: readonly Look[]): number => some.reduce((sum, { mib }) => sum + mib, 0) / some.length;
  return {
    total: looks.at(-1)!.requests,
    first: mean(looks.slice(0, tenth)),
    last: mean(looks.slice(-tenth)),
    peak: Math.max(...looks.map(({ mib }) => mib)),
    slope: slopeOf(looks),
    // A process that has just been started fills its heap first.
    slopeAfterHalf: slopeOf(looks.slice(looks.length >> 1)),
  };
}

/** Of the straight line that fits best, per 10,000 requests. */
function slopeOf(looks: readonly Look[]): number {
  const x = looks.reduce((sum, look) => sum + look.requests, 0) / looks.length;
  const y = looks.reduce((sum, look) => sum + look.mib, 0) / looks.length;
  const along = looks.reduce((sum, look) => sum + (look.requests - x) ** 2, 0);
  const both = looks.reduce((sum, look) => sum + (look.requests - x) * (look.mib - y), 0);
  return along === 0 ? 0 : (both / along) * 10_000;
}
