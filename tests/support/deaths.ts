// Where a worker dies: before and after each activity, and before, amid and after what an activity does to the world.
import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { descendantsOf } from './processes.ts';

export const death = z.strictObject({
  /** The name of the boundary; null: it lives, and tells what it passes. */
  at: z.string().nullable(),
  /** A file that says that it has died: it does so once. It holds the processes that were below it then. */
  died: z.string(),
  /** A file for the names of the boundaries that were passed. */
  passed: z.string(),
});
export type Death = z.infer<typeof death>;

const LOOK_MS = 15;

const WRITES = ['put', 'createNamed', 'swapNamed'] as const;

export function createBoundaries({ at, died, passed }: Death) {
  const times = new Map<string, number>();
  const within = new AsyncLocalStorage<string>();

  function pass(what: string): void {
    const time = (times.get(what) ?? 0) + 1;
    times.set(what, time);
    const name = `${what}, ${time}`;
    appendFileSync(passed, `${name}\n`);
    if (name !== at || existsSync(died)) return;
    writeFileSync(died, JSON.stringify(descendantsOf(process.pid)));
    process.kill(process.pid, 'SIGKILL');
    // The signal comes when it comes; nothing may happen until then.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }

  async function around<T>(what: string, work: () => Promise<T>): Promise<T> {
    pass(`before ${what}`);
    const result = await work();
    pass(`after ${what}`);
    return result;
  }

  /** … and in the midst of it: so long after a program of its own was seen. What is done sooner than that dies as it is done. */
  async function throughout<T>(what: string, work: () => Promise<T>, afterMs: number): Promise<T> {
    let isPassed = false;
    const amid = (): void => {
      if (!isPassed) pass(`amid ${what}`);
      isPassed = true;
    };
    return around(what, async () => {
      const looking = setInterval(() => {
        if (descendantsOf(process.pid).length === 0) return;
        clearInterval(looking);
        setTimeout(amid, afterMs);
      }, LOOK_MS);
      try {
        return await work();
      } finally {
        clearInterval(looking);
        amid();
      }
    });
  }

  return {
    /** A place of the worker's own. */
    passed: pass,
    activities<A extends object>(some: A): A {
      const wrapped = Object.entries(some).map(([name, activity]) => [
        name,
        (...input: unknown[]) => within.run(name, () => around(name, () => activity(...input))),
      ]);
      return Object.fromEntries(wrapped) as A;
    },
    /** Some methods of something that activities have an effect by, and that runs programs. */
    effects<P extends object>(name: string, port: P, methods: readonly (keyof P & string)[], afterMs = 0): P {
      const wrapped = methods.map((method) => {
        const own = (port[method] as (...input: unknown[]) => Promise<unknown>).bind(port);
        const mortal = (...input: unknown[]): Promise<unknown> => {
          const activity = within.getStore();
          if (activity === undefined) return own(...input);
          return throughout(`${activity}’s ${name} ${method}`, () => own(...input), afterMs);
        };
        return [method, mortal];
      });
      return { ...port, ...Object.fromEntries(wrapped) } as P;
    },
    /** Writes that belong to no activity are passed by in silence. */
    store(store: ArtifactStore): ArtifactStore {
      const wrapped = { ...store };
      for (const write of WRITES) {
        const own = store[write].bind(store) as (...input: unknown[]) => Promise<never>;
        const named = write !== 'put';
        wrapped[write] = (...input: unknown[]) => {
          const activity = within.getStore();
          if (activity === undefined) return own(...input);
          const what = named ? shortened(String(input[0])) : 'an object';
          return around(`${activity}’s ${what}`, () => own(...input));
        };
      }
      return wrapped;
    },
  };
}

/** The same in every run: without hashes, which hold times and nonces. */
const shortened = (key: string): string => key.replaceAll(/[0-9a-f]{16,}(-[0-9a-f-]+)?/g, '…');
