// One program of the testbed: start it, wait until it serves, end it.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf, isAlive, type ProcessIdentity, signalProcess, whenGone } from '../../infra/process/identity.ts';
import { failure } from './failure.ts';
import type { Layout } from './options.ts';
import { readState, recordProcess, running } from './state.ts';

const POLL_MS = 40;
const READY_LIMIT_MS = 120_000;

export interface Component {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** What it listens on, for people. */
  readonly address?: string;
  /** Writes the files that it reads. */
  prepare?(): Promise<void>;
  ready(): Promise<boolean>;
  /** What it needs once it serves; must be harmless when done again. */
  finish?(): Promise<void>;
  /** The command is only the way to the program, which is its child: nsenter and unshare stay in between. */
  readonly childIsIt?: boolean;
}

/** Returns at once when it runs already. Its log is appended to. */
export async function startComponent(layout: Layout, component: Component): Promise<void> {
  if (running(readState(layout), component.name) !== undefined) return;
  await component.prepare?.();
  const log = join(layout.logs, `${component.name}.log`);
  mkdirSync(layout.logs, { recursive: true });
  const [command, ...rest] = component.argv;
  const output = openSync(log, 'a');
  const child = spawn(command, rest, {
    // A session of its own: Ctrl-C at the terminal does not reach it, and it outlives the command that started it.
    detached: true,
    stdio: ['ignore', output, output],
    cwd: layout.run,
  });
  closeSync(output);
  const failed = new Promise<undefined>((done) => child.once('error', () => done(undefined)));
  child.unref();
  const identity = await Promise.race([identify(child.pid, component.childIsIt === true), failed]);
  if (identity === undefined) throw notStarted(component.name, 'ended at once', log);
  await recordProcess(layout, {
    name: component.name,
    ...identity,
    log,
    ...(component.address === undefined ? {} : { address: component.address }),
  });
  await untilReady(component, identity, log);
  await component.finish?.();
}

async function untilReady(component: Component, identity: ProcessIdentity, log: string): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  for (;;) {
    if (!isAlive(identity)) throw notStarted(component.name, 'ended before it was ready', log);
    if (await component.ready()) return;
    if (performance.now() > deadline) {
      throw notStarted(component.name, `not ready after ${READY_LIMIT_MS / 1_000} s`, log);
    }
    await sleep(POLL_MS);
  }
}

/** SIGKILL by default: nothing that a testbed holds is worth a slow goodbye. Returns whether it lived. */
export async function endProcess(process: ProcessIdentity, signal: NodeJS.Signals = 'SIGKILL'): Promise<boolean> {
  const lived = signalProcess(process, signal);
  if (lived && !(await whenGone(process, 10_000))) {
    signalProcess(process, 'SIGKILL');
    await whenGone(process, 10_000);
  }
  return lived;
}

async function identify(pid: number | undefined, wantsChild: boolean): Promise<ProcessIdentity | undefined> {
  if (pid === undefined) return undefined;
  if (!wantsChild) return identityOf(pid);
  const parent = identityOf(pid);
  while (parent !== undefined && isAlive(parent)) {
    const child = childOf(pid);
    if (child !== undefined) return child;
    await sleep(5);
  }
  return undefined;
}

function childOf(pid: number): ProcessIdentity | undefined {
  try {
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0];
    return first === undefined || first === '' ? undefined : identityOf(Number(first));
  } catch {
    return undefined;
  }
}

function notStarted(name: string, what: string, log: string): Error {
  const tail = readFileSync(log, 'utf8').trim().split('\n').slice(-4).join('\n').slice(-1_500);
  return failure('testbed.start_failed', `${name}: ${what}; its log is ${log}\n${tail}`);
}
