// What runs: written after every change, so that any later process can mend or end a testbed that another one started.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { isAlive, type ProcessIdentity } from '../../infra/process/identity.ts';
import { failure } from './failure.ts';
import { type Layout, PARTS } from './options.ts';

const processState = z.strictObject({
  name: z.string(),
  pid: z.int().positive(),
  startTime: z.int().nonnegative(),
  address: z.string().optional(),
  log: z.string(),
});
export type ProcessState = z.infer<typeof processState>;

const testbedState = z.strictObject({
  schema: z.literal('anneal/testbed/v1'),
  parts: z.array(z.enum(PARTS)),
  heartbeatSeconds: z.number().positive(),
  ports: z.record(z.string(), z.int()),
  processes: z.array(processState),
});
export type TestbedState = z.infer<typeof testbedState>;

/** Undefined when there is no testbed in the folder. */
export function readState(layout: Layout): TestbedState | undefined {
  try {
    return testbedState.safeParse(JSON.parse(readFileSync(layout.state, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

export async function writeState(layout: Layout, state: TestbedState): Promise<void> {
  await mkdir(dirname(layout.state), { recursive: true });
  const partial = `${layout.state}.${randomUUID()}`;
  await writeFile(partial, `${JSON.stringify(state, undefined, 2)}\n`);
  await rename(partial, layout.state);
}

/** The process of that name, if it lives. */
export function running(state: TestbedState | undefined, name: string): ProcessIdentity | undefined {
  const found = state?.processes.find((one) => one.name === name);
  return found !== undefined && isAlive(found) ? { pid: found.pid, startTime: found.startTime } : undefined;
}

/** One write at a time: components start side by side. */
let writing: Promise<void> = Promise.resolve();

export function recordProcess(layout: Layout, process: ProcessState): Promise<void> {
  writing = writing.then(async () => {
    const state = readState(layout);
    // Torn down meanwhile: what was just started is then ended by whoever finds no state.
    if (state === undefined) throw failure('testbed.not_running', `${layout.state} is gone`);
    const others = state.processes.filter((one) => one.name !== process.name);
    await writeState(layout, { ...state, processes: [...others, process] });
  });
  const result = writing;
  writing = writing.catch(() => {});
  return result;
}
