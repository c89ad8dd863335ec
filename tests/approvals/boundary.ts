// Where a worker dies: before and after each activity of gates and effects, and before and after each write of one.
import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { ArtifactStore } from '../../contracts/artifact.ts';

export const death = z.strictObject({
  /** The name of the boundary; null: it lives, and tells what it passes. */
  at: z.string().nullable(),
  /** A file that says that it has died: it does so once. */
  died: z.string(),
  /** A file for the names of the boundaries that were passed. */
  passed: z.string(),
});
export type Death = z.infer<typeof death>;

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
    writeFileSync(died, name);
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

  return {
    activities<A extends object>(some: A): A {
      const wrapped = Object.entries(some).map(([name, activity]) => [
        name,
        (...input: unknown[]) => within.run(name, () => around(name, () => activity(...input))),
      ]);
      return Object.fromEntries(wrapped) as A;
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
