// Reading what a policy handed in, under a clock. A parser takes as long as whoever writes its text wants: in a thread of its own it
// keeps no other judgement waiting, and one that does not come to an end is the policy's failure, never a masked sample.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AnnealError, type ErrorCode } from '../../contracts/errors.ts';
import type { Answer, READINGS } from './bounded-thread.ts';

type Readings = { readonly [K in keyof typeof READINGS]: Awaited<ReturnType<(typeof READINGS)[K]>> };

/** Bytes: what is smaller is read where it is, in the time that a thread takes to start. */
const SMALL = 16 * 2 ** 10;
/** The same, where a reader's time grows as its text does. */
export const SMALL_TO_LINEAR = 2 ** 18;
export const isLarge = (bytes: number, small = SMALL): boolean => bytes > small;

/** Of processor time, so that a busy machine makes no text look endless. What people write takes a hundredth of it. */
const CPU_SECONDS = 5;
/** For a thread that gets no processor, or does not say what it has used. */
const WALL_MS = 120_000;
const HEAP_MIB = 512;
const POLL_MS = 200;

let free = Math.max(1, availableParallelism() - 1);
const waiting: (() => void)[] = [];

/**
 * What a reading gives, or why it came to no end.
 * @param apart in a thread: what is large, or an archive, whose size says nothing
 * @throws AnnealError as the reading does, `sandbox.failed` where no thread could be had
 */
export async function bounded<K extends keyof Readings>(
  name: K,
  read: Readings[K],
  apart: boolean,
  ...input: Parameters<Readings[K]>
): Promise<ReturnType<Readings[K]> | { readonly why: string }> {
  type Read = (...input: Parameters<Readings[K]>) => ReturnType<Readings[K]>;
  if (!apart) {
    try {
      return (read as unknown as Read)(...input);
    } catch (failure) {
      if (failure instanceof AnnealError) throw failure;
      return { why: failsItsReader(failure) };
    }
  }
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    const answer = await inThread(name, input);
    if ('why' in answer) return answer;
    if ('value' in answer) return answer.value as ReturnType<Readings[K]>;
    if (answer.code === undefined) return { why: failsItsReader(answer.message) };
    throw new AnnealError(answer.code as ErrorCode, answer.message);
  } finally {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

/** Nobody foresaw it, and it follows from the text alone: certification has read the task's own answer by the same code. */
const failsItsReader = (failure: unknown): string => `makes its reader fail: ${String(failure).split('\n')[0]}`;

async function inThread(name: string, input: readonly unknown[]): Promise<Answer | { readonly why: string }> {
  // Beside this file, and compiled as it is. It needs nothing of this process's surroundings.
  const file = new URL(
    import.meta.url.endsWith('.ts') ? './bounded-thread.ts' : './bounded-thread.js',
    import.meta.url,
  );
  const thread = new Worker(file, {
    ...{ env: {}, execArgv: [], workerData: { bounded: name } },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
  });
  let clock: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      thread.once('error', (failure: NodeJS.ErrnoException) => {
        if (failure.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve({ why: `takes more than ${HEAP_MIB} MiB to read` });
        else reject(failure);
      });
      thread.once('exit', () => reject(new AnnealError('sandbox.failed', 'a thread ended before it had read')));
      // The first message says that it has loaded its code, which nobody's text can prolong.
      thread.once('message', () => {
        const since = performance.now();
        const before = thread.cpuUsage().catch(() => undefined);
        clock = setInterval(async () => {
          const late = performance.now() - since > WALL_MS;
          const used = late ? undefined : await usedBy(thread, await before);
          if (late || (used ?? 0) > CPU_SECONDS) resolve({ why: `takes more than ${CPU_SECONDS} seconds to read` });
        }, POLL_MS);
        thread.once('message', resolve);
        thread.postMessage(input);
      });
    });
  } finally {
    clearInterval(clock);
    await thread.terminate();
  }
}

/** Seconds of processor time; undefined when it has just ended. */
const usedBy = (thread: Worker, before: NodeJS.CpuUsage | undefined): Promise<number | undefined> =>
  thread.cpuUsage(before).then(
    ({ user, system }) => (user + system) / 1e6,
    () => undefined,
  );
