// run/stack.json: what the supervisor says about itself and its children. Written by it alone.
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { isAlive, isStopped, type ProcessIdentity } from '../process/identity.ts';
import { readJson } from './json-file.ts';

const identity = z.object({ pid: z.int().positive(), startTime: z.int() });

export const childState = z.object({
  name: z.string(),
  /**
   * `waiting` for the children before it, `starting` until ready, `silent` when it was ready and does not answer, `restarting`
   * after a crash, `failed` after five crashes in a minute (until the next `up`).
   */
  state: z.enum(['waiting', 'starting', 'ready', 'silent', 'restarting', 'failed', 'stopped']),
  process: identity.nullable(),
  restarts: z.int(),
  log: z.string(),
  /** How it last ended, for example `SIGKILL` or `exit 1`; null: never yet. */
  lastExit: z.string().nullable(),
  /** Since when it does not answer. */
  silentSince: z.string().nullable(),
});
export type ChildState = z.infer<typeof childState>;

/** What is wrong with a part of a running stack, in one clause; undefined: nothing, or it is only just starting. */
export function troubleOf(child: ChildState): string | undefined {
  if (child.state === 'failed') return `given up after it kept ending (${child.lastExit})`;
  // Seen at once, before the supervisor's next look.
  if (child.process !== null && isStopped(child.process)) return 'stopped by a signal; it does not answer';
  if (child.state === 'silent') return `does not answer since ${child.silentSince}; it is started again if that lasts`;
  return undefined;
}

export const stackState = z.object({
  schema: z.literal('anneal/stack/v1'),
  supervisor: identity,
  startedAt: z.string(),
  ports: z.object({ temporal: z.int(), temporalUi: z.int(), policy: z.int(), gateway: z.int() }).partial(),
  external: z.string().nullable(),
  stopping: z.boolean(),
  children: z.array(childState),
});
export type StackState = z.infer<typeof stackState>;

export function statePath(config: Config): string {
  return join(config.paths.run, 'stack.json');
}

/** The last state that was written, whether or not its supervisor lives. */
export async function readState(config: Config): Promise<StackState | undefined> {
  return await readJson(statePath(config), stackState);
}

export function supervisorOf(state: StackState | undefined): ProcessIdentity | undefined {
  return state !== undefined && isAlive(state.supervisor) ? state.supervisor : undefined;
}
