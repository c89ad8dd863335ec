// One supervised child: start, wait until it serves, start again when it dies, stop.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '../config.ts';
import { identityOf, type ProcessIdentity } from '../process/identity.ts';
import type { Guard } from './guard.ts';
import { type HealthWatch, watchHealth } from './health.ts';
import type { ChildPlan } from './plan.ts';
import { isReady } from './readiness.ts';
import { restartDelay } from './restart.ts';
import type { ChildState } from './state.ts';

const POLL_MS = 50;
const RESTART_LIMIT_MS = 120_000;

export interface ChildOptions {
  readonly plan: ChildPlan;
  readonly log: string;
  readonly guard: Guard;
  readonly supervisor: ProcessIdentity;
  readonly onChange: () => void;
  readonly note: (line: string) => void;
}

export interface Child {
  readonly name: string;
  state(): ChildState;
  start(): void;
  /** Forgets the crashes of a failed child and starts it. */
  retry(): void;
  /** SIGTERM, then SIGKILL to its whole group after `graceMs`. Resolves when it is gone; it is not started again. */
  stop(graceMs: number): Promise<void>;
  /** Resolves when it first serves, or when it is stopped before that. */
  readonly firstReady: Promise<void>;
}

export function createChild(options: ChildOptions): Child {
  const { plan, note } = options;
  const { promise: firstReady, resolve: becameReady } = Promise.withResolvers<void>();
  let phase: ChildState['state'] = 'waiting';
  let current: ChildProcess | undefined;
  let gone: Promise<void> = Promise.resolve();
  let identity: ProcessIdentity | undefined;
  let crashes: number[] = [];
  let restarts = 0;
  let lastExit: string | null = null;
  let silentSince: string | null = null;
  /** Why it was killed, when we did it. */
  let hung: string | undefined;
  let stopping = false;
  /** Whether it has served since it was last started from nothing. */
  let served = false;

  function enter(next: ChildState['state']): void {
    phase = next;
    options.onChange();
  }

  function start(): void {
    if (stopping) return;
    if (plan.ready.kind === 'file') rmSync(plan.ready.path, { force: true });
    const [command, ...rest] = options.guard(plan.argv, plan.deathSignal);
    const log = openSync(options.log, 'a', 0o600);
    const child = spawn(command, rest, {
      // A session of its own: a Ctrl-C at a terminal does not reach it, and what it leaves behind can be killed as a group.
      detached: true,
      stdio: ['ignore', log, log],
      env: childEnvironment({
        ...plan.env,
        ANNEAL_STACK_PID: `${options.supervisor.pid}`,
        ANNEAL_STACK_START: `${options.supervisor.startTime}`,
      }),
    });
    closeSync(log);
    current = child;
    identity = child.pid === undefined ? undefined : identityOf(child.pid);
    note(`${plan.name}: started as ${child.pid ?? 'nothing'}`);
    enter(served ? 'restarting' : 'starting');
    gone = new Promise((done) => {
      child.once('error', (failure) => {
        ended(child, failure.message);
        done();
      });
      child.once('exit', (code, signal) => {
        ended(child, signal ?? `exit ${code}`);
        done();
      });
    });
    void awaitReadiness(child);
  }

  async function awaitReadiness(child: ChildProcess): Promise<void> {
    const began = performance.now();
    while (current === child && !stopping) {
      if (await isReady(plan.ready)) {
        // It may have died while it was looked at; another process may even hold its port.
        if (current !== child || stopping) return;
        note(`${plan.name}: ready after ${((performance.now() - began) / 1_000).toFixed(2)} s`);
        served = true;
        enter('ready');
        becameReady();
        if (plan.health !== undefined) void watchHealth(plan.health, watchOf(child, plan.health.limitMs));
        return;
      }
      // `up` has its own patience with a first start.
      const limit = plan.restartLimitMs ?? RESTART_LIMIT_MS;
      if (served && performance.now() - began > limit) return kill(child, `not ready within ${limit / 1_000} s`);
      await sleep(POLL_MS);
    }
  }

  function kill(child: ChildProcess, why: string): void {
    hung = why;
    // Not SIGTERM: what is stopped or stuck does not handle it.
    if (child.pid !== undefined) killGroup(child.pid);
  }

  function watchOf(child: ChildProcess, limitMs: number): HealthWatch {
    return {
      current: () => current === child && !stopping,
      silent() {
        silentSince = new Date().toISOString();
        note(`${plan.name}: does not answer`);
        enter('silent');
      },
      answersAgain() {
        silentSince = null;
        note(`${plan.name}: answers again`);
        enter('ready');
      },
      hung: () => kill(child, `no answer for ${limitMs / 1_000} s`),
    };
  }

  function ended(child: ChildProcess, signal: string): void {
    if (current !== child) return;
    current = undefined;
    identity = undefined;
    const how = hung ?? signal;
    lastExit = how;
    hung = undefined;
    silentSince = null;
    // Its own children, if any are left, would hold its ports and files.
    if (child.pid !== undefined) killGroup(child.pid);
    if (stopping) {
      enter('stopped');
      return;
    }
    const now = Date.now();
    crashes = [...crashes.slice(-9), now];
    const delay = restartDelay(crashes, now);
    note(
      `${plan.name}: ended (${how}); ${delay === undefined ? 'failed too often, given up' : `again in ${delay} ms`}`,
    );
    if (delay === undefined) {
      enter('failed');
      return;
    }
    restarts += 1;
    enter(served ? 'restarting' : 'starting');
    setTimeout(start, delay);
  }

  return {
    name: plan.name,
    firstReady,
    start,
    state: () => ({
      name: plan.name,
      state: phase,
      process: identity ?? null,
      restarts,
      log: options.log,
      lastExit,
      silentSince,
    }),
    retry() {
      if (phase !== 'failed') return;
      crashes = [];
      served = false;
      restarts += 1;
      note(`${plan.name}: tried again on request`);
      start();
    },
    async stop(graceMs) {
      stopping = true;
      becameReady();
      const child = current;
      if (child?.pid === undefined) return enter('stopped');
      child.kill('SIGTERM');
      const forced = setTimeout(() => {
        note(`${plan.name}: did not stop within ${graceMs} ms, killed`);
        killGroup(child.pid as number);
      }, graceMs);
      await gone;
      clearTimeout(forced);
    },
  };
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // No member of the group is left.
  }
}
