// What a process of its own costs, told by itself to the one that forked it.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** Seconds of CPU since the start, MiB. */
export interface ProcessFigures {
  readonly cpu: number;
  readonly heap: number;
  readonly resident: number;
  readonly peak: number;
}

/** In the child: answers every message, after a collection when that is asked for. It ends with its parent. */
export function tellFigures(more: () => object): void {
  process.on('message', (message) => {
    const { user, system } = process.cpuUsage();
    if (message === 'collect') globalThis.gc?.();
    const status = readFileSync('/proc/self/status', 'utf8');
    const mib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024;
    const figures: ProcessFigures = {
      cpu: (user + system) / 1e6,
      heap: process.memoryUsage().heapUsed / 2 ** 20,
      resident: mib('VmRSS'),
      peak: mib('VmHWM'),
    };
    process.send?.({ ...figures, ...more() });
  });
  process.on('disconnect', () => process.exit(0));
}

/** @throws Error when the child ends instead of answering */
export async function askFigures<More>(
  child: ChildProcess,
  how: 'look' | 'collect' = 'look',
): Promise<ProcessFigures & More> {
  const stop = new AbortController();
  const { signal } = stop;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`the measured process ended with ${code}`);
  });
  try {
    const answered = once(child, 'message', { signal });
    child.send(how);
    const [figures] = await Promise.race([answered, ended]);
    return figures as ProcessFigures & More;
  } finally {
    stop.abort();
    await ended.catch(() => undefined);
  }
}

/** Runs `work` with a child that is gone when it returns. */
export async function withChild<T>(
  program: string,
  argv: readonly string[],
  work: (child: ChildProcess) => Promise<T>,
): Promise<T> {
  const child = fork(program, argv, { execArgv: ['--expose-gc'] });
  try {
    return await work(child);
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}
