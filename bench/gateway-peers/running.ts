// What a benchmark needs to know of a server that it started and that prints nothing which could be waited for.
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Running {
  readonly url: string;
  readonly pid: number;
}

/** What LiteLLM imports takes seconds, and minutes where it gets only what others leave of the processors. */
const START_MS = 900_000;

export async function answers(name: string, url: string, pid: number): Promise<void> {
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(100)) {
    const told = await fetch(url).then(
      () => true,
      () => false,
    );
    if (told) return;
    if (!existsSync(`/proc/${pid}`)) throw new Error(`${name} ended before it answered`);
  }
  throw new Error(`${name} did not start`);
}

export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
