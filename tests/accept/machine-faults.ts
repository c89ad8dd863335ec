// Faults of sandbox, store and verifier, as they come over a machine.
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import type { Sample } from '../../evals/hacks/variant.ts';
import type { Machine } from './fault-worker.ts';

/** A machine with the fault, and what is known of it. */
export interface Struck {
  readonly machine: Machine;
  /** Whether anything came upon the fault. */
  met(): boolean;
  /** Resolves when a call hangs for ever. */
  readonly stalled: Promise<void>;
  /** Lets what hangs go on, as whole as it would have been. */
  release(): void;
}

export interface Fault {
  readonly name: string;
  /** Of the task, where the fault lies there. */
  readonly task?: (sample: Sample) => Sample;
  readonly strike: (machine: Machine, root: string) => Struck;
}

type Meet = { met(): void; stall(): Promise<void> };
type Change = (machine: Machine, meet: Meet, root: string) => Partial<Machine>;

const fault = (name: string, change: Change): Fault => ({
  name,
  strike(machine, root) {
    let met = false;
    const stalled = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const meet: Meet = {
      met: () => {
        met = true;
      },
      stall: () => {
        met = true;
        stalled.resolve();
        return released.promise;
      },
    };
    const changed = { ...machine, ...change(machine, meet, root) };
    return { machine: changed, met: () => met, stalled: stalled.promise, release: () => released.resolve() };
  },
});

const inSandbox = (name: string, run: (sandbox: Sandbox, meet: Meet) => Sandbox['run']): Fault =>
  fault(name, ({ sandbox }, meet) => ({ sandbox: { describe: () => sandbox.describe(), run: run(sandbox, meet) } }));

const inStore = (
  name: string,
  change: (store: ArtifactStore, meet: Meet, root: string) => Partial<ArtifactStore>,
): Fault => fault(name, ({ store }, meet, root) => ({ store: { ...store, ...change(store, meet, root) } }));

const failing = (code: 'store.unavailable' | 'store.no_space', meet: Meet) => (): Promise<never> => {
  meet.met();
  return Promise.reject(new AnnealError(code, 'injected'));
};

export const FAULTS: readonly Fault[] = [
  inSandbox('sandbox: it breaks', (_, meet) => () => {
    meet.met();
    return Promise.reject(new AnnealError('sandbox.failed', 'injected'));
  }),
  inSandbox('sandbox: it hangs', (sandbox, meet) => async (request) => {
    await meet.stall();
    return sandbox.run(request);
  }),
  inStore('store: reading fails', (_, meet) => ({ get: failing('store.unavailable', meet) })),
  inStore('store: reading hangs', (store, meet) => ({
    async get(ref) {
      await meet.stall();
      return store.get(ref);
    },
  })),
  inStore('store: what is read comes cut short', (store, meet) => ({
    async get(ref) {
      const bytes = await store.get(ref);
      meet.met();
      return bytes.subarray(0, Math.floor(bytes.length / 2));
    },
  })),
  inStore('store: a file of its disk is cut short', (store, meet, root) => ({
    async get(ref) {
      meet.met();
      await truncate(join(root, 'objects', ref.sha256.slice(0, 2), ref.sha256), Math.floor(ref.bytes / 2));
      return store.get(ref);
    },
  })),
  inStore('store: writing evidence fails', (_, meet) => ({ put: failing('store.unavailable', meet) })),
  inStore('store: no space for evidence', (_, meet) => ({ put: failing('store.no_space', meet) })),
  inStore('store: writing evidence hangs', (store, meet) => ({
    async put(bytes) {
      await meet.stall();
      return store.put(bytes);
    },
  })),
  inSandbox('verifier: it throws what nobody foresaw', (_, meet) => () => {
    meet.met();
    return Promise.reject(new TypeError('injected'));
  }),
  inSandbox('verifier: its reference is stopped', (sandbox, meet) => async (request) => {
    const result = await sandbox.run(request);
    if (!Object.keys(request.files).some((path) => path.endsWith('helper'))) return result;
    meet.met();
    return { ...result, how: 'timeout', exitCode: null, stdout: '' };
  }),
  {
    ...fault('verifier: this build lacks its version', (_, meet) => {
      meet.met();
      return {};
    }),
    task: (sample) => ({ ...sample, task: { ...sample.task, verifier: { ...sample.task.verifier, version: 99 } } }),
  },
];
