// The local stack, as commands see it: start, stop, status, purge.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnealError, errorCode } from '../../contracts/errors.ts';
import { type Config, childEnvironment, type Endpoints, endpointsOf, type Ports } from '../config.ts';
import { tailLines } from '../jobs/folder.ts';
import { endAllJobs } from '../jobs/sweep.ts';
import { isAlive, isDying, type ProcessIdentity, signalProcess, whenGone } from '../process/identity.ts';
import { prepareHome, removeHome } from './home.ts';
import { writeJson } from './json-file.ts';
import { type Lock, takeLock } from './lock.ts';
import { type ChildContext, type ChildPlan, defaultChildren, programPath, type StackPlan } from './plan.ts';
import { choosePorts, type PortName } from './ports.ts';
import { type OnProgress, stepReporter } from './setup/progress.ts';
import { type Installed, setUp } from './setup/setup.ts';
import { type ChildState, readState, type StackState, statePath, supervisorOf } from './state.ts';
import { rotate } from './supervise.ts';

/** Generous: the first start of the policy server prepares its model. */
const START_TIMEOUT_MS = 180_000;
/** The worker's, the jobs', the gateway's and the servers' grace periods of 8 s one after another. */
const STOP_TIMEOUT_MS = 40_000;
const LOG_LINES = 15;

export interface StackInfo {
  /** `running`: every child has served (one may just be restarting). `degraded`: a child is given up (`up` tries it again) or does not answer. */
  readonly state: 'stopped' | 'starting' | 'running' | 'degraded' | 'stopping';
  readonly supervisor: ProcessIdentity | undefined;
  readonly startedAt: string | undefined;
  readonly ports: Partial<Ports>;
  /** Undefined while the stack is stopped. */
  readonly endpoints: Endpoints | undefined;
  readonly children: readonly ChildState[];
}

export interface RunningStack extends StackInfo {
  readonly endpoints: Endpoints;
  /** False when the stack was up already. */
  readonly startedNow: boolean;
}

export interface StartOptions {
  readonly config: Config;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** Other children, for tests; nothing is installed then. */
  readonly children?: (context: ChildContext) => ChildPlan[];
}

export async function stackStatus(config: Config): Promise<StackInfo> {
  const state = await readState(config);
  const supervisor = supervisorOf(state);
  if (state === undefined || supervisor === undefined || isDying(supervisor)) {
    return {
      state: 'stopped',
      supervisor: undefined,
      startedAt: undefined,
      ports: {},
      endpoints: undefined,
      children: [],
    };
  }
  const ports = definedPorts(state);
  const external = state.external ?? undefined;
  return {
    state: summary(state),
    supervisor,
    startedAt: state.startedAt,
    ports,
    endpoints: endpointsOf({ ...config, temporal: { ...config.temporal, external } }, ports),
    children: state.children,
  };
}

/**
 * Sets up what is missing and starts the stack; harmless when it is up, also when two do it at once. Resolves when every part
 * serves. The stack goes on when this process ends, also by Ctrl-C.
 * @throws AnnealError `stack.start_failed` with the failing part's log, `stack.port_in_use`, or one of the set-up's codes
 */
export async function startStack(options: StartOptions): Promise<RunningStack> {
  const { config, signal } = options;
  const onProgress = options.onProgress ?? (() => {});
  let startedNow = false;
  let lock: Lock | undefined;
  try {
    lock = await takeLock(config.home, 'up', {
      signal,
      onWait: () => onProgress({ step: 'lock', state: 'running', detail: 'another command is starting the stack' }),
    });
    await prepareHome(config);
    const state = await readState(config);
    const supervisor = supervisorOf(state);
    // One that was killed does nothing any more, and holds the supervisors' lock until its last thread is gone.
    if (supervisor !== undefined && (state?.stopping === true || isDying(supervisor))) {
      // A new one would wait for its lock without a word.
      if (!(await whenGone(supervisor, STOP_TIMEOUT_MS)))
        throw new AnnealError('stack.start_failed', `the stack before, process ${supervisor.pid}, is still ending`);
    } else if (state !== undefined && supervisor !== undefined) {
      refuseOtherTemporal(config, state);
      if (summary(state) === 'degraded') await retryFailed(config, supervisor);
      return { ...(await untilRunning(config, supervisor, onProgress, signal)), startedNow: false };
    }
    await sweep(config, await readState(config));
    const plan = await makePlan(options, onProgress);
    startedNow = true;
    const started = await launch(config, plan);
    return { ...(await untilRunning(config, started, onProgress, signal)), startedNow: true };
  } catch (failure) {
    if (startedNow) await stopStack(config);
    if (signal?.aborted === true) {
      throw new AnnealError('stack.start_failed', 'interrupted before the stack was up', { cause: failure });
    }
    throw failure;
  } finally {
    await lock?.release();
  }
}

/** Stops everything, jobs included (they checkpoint). Returns whether the stack was up. */
export async function stopStack(config: Config): Promise<boolean> {
  const state = await readState(config);
  const supervisor = supervisorOf(state);
  if (supervisor !== undefined) {
    signalProcess(supervisor, 'SIGTERM');
    if (!(await whenGone(supervisor, STOP_TIMEOUT_MS))) {
      signalProcess(supervisor, 'SIGKILL');
      await whenGone(supervisor, 5_000);
    }
  }
  await sweep(config, state);
  return supervisor !== undefined;
}

/** Stops the stack and removes the whole home: cache, store, keys, logs. Returns whether there was one. */
export async function purge(config: Config): Promise<boolean> {
  await stopStack(config);
  return removeHome(config);
}

async function makePlan(options: StartOptions, onProgress: OnProgress): Promise<StackPlan> {
  const { config } = options;
  const installed: Installed =
    options.children === undefined ? await setUp(config, onProgress, options.signal) : { temporal: undefined };
  const own: PortName[] = config.temporal.external === undefined ? ['temporal', 'temporalUi'] : [];
  const served: PortName[] = config.deployment.compute === 'local' ? ['policy'] : [];
  const ports = await choosePorts(config, [...own, ...served, 'gateway']);
  const make = options.children ?? defaultChildren;
  return {
    schema: 'anneal/stack-plan/v1',
    home: config.home,
    logs: config.paths.logs,
    jobs: config.paths.jobs,
    stateFile: statePath(config),
    ports,
    external: config.temporal.external ?? null,
    children: make({ config, ports, temporalBinary: installed.temporal?.path }),
  };
}

/** Starts the supervisor in a session of its own. */
async function launch(config: Config, plan: StackPlan): Promise<ProcessIdentity> {
  const path = join(config.paths.run, 'plan.json');
  await writeJson(path, plan, 0o600);
  const log = join(config.paths.logs, 'supervisor.log');
  rotate(log);
  const output = openSync(log, 'a', 0o600);
  const child = spawn(process.execPath, [programPath('worker/supervisor'), path], {
    detached: true,
    cwd: config.home,
    stdio: ['ignore', output, output],
    env: childEnvironment(),
  });
  closeSync(output);
  child.unref();
  const exited = new Promise<string>((done) => {
    child.once('error', (failure) => done(failure.message));
    child.once('exit', (code, killedBy) => done(killedBy ?? `exit ${code}`));
  });
  for (;;) {
    const supervisor = supervisorOf(await readState(config));
    if (supervisor !== undefined) return supervisor;
    const how = await Promise.race([exited, sleep(25)]);
    if (how !== undefined) throw await startFailure('supervisor', log, how);
  }
}

async function untilRunning(
  config: Config,
  supervisor: ProcessIdentity,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<StackInfo & { endpoints: Endpoints }> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  const reporters = new Map<string, { report: ReturnType<typeof stepReporter>; last: string }>();
  for (;;) {
    signal?.throwIfAborted();
    const info = await stackStatus(config);
    for (const child of info.children) {
      const reporter = reporters.get(child.name) ?? {
        report: stepReporter(`start ${child.name}`, onProgress),
        last: '',
      };
      const first = reporter.last === '';
      if (child.state !== reporter.last && child.state !== 'waiting') {
        reporter.last = child.state;
        const served = first ? 'cached' : 'done';
        reporter.report(child.state === 'ready' ? served : 'running', child.state);
      }
      reporters.set(child.name, reporter);
    }
    if (info.state === 'running' && info.endpoints !== undefined) return { ...info, endpoints: info.endpoints };
    const failed = info.children.find((child) => child.state === 'failed');
    if (failed !== undefined) throw await startFailure(failed.name, failed.log, failed.lastExit ?? 'failed');
    if (!isAlive(supervisor)) {
      throw await startFailure('supervisor', join(config.paths.logs, 'supervisor.log'), 'it is gone');
    }
    if (performance.now() > deadline) {
      const slow = info.children.find((child) => child.state !== 'ready');
      throw await startFailure(
        slow?.name ?? 'supervisor',
        slow?.log ?? '',
        `not ready after ${START_TIMEOUT_MS / 1_000} s`,
      );
    }
    await sleep(50, undefined, { signal });
  }
}

async function startFailure(part: string, log: string, how: string): Promise<AnnealError> {
  const lines = await tailLines(log, LOG_LINES);
  // A part that knows why says so by a code of ours: `error CODE: what happened`.
  const said = lines
    .map((line) => errorCode.safeParse(/^error ([a-z_.]+): /.exec(line)?.[1]))
    .find((code) => code.success);
  return new AnnealError(
    said?.data ?? 'stack.start_failed',
    [`${part}: ${how}; its log is ${log}`, ...lines].join('\n  '),
  );
}

/** Ends what a killed supervisor has left: each by its pid and start time, never by name. */
async function sweep(config: Config, state: StackState | undefined): Promise<void> {
  const left = (state?.children ?? []).flatMap((child) => child.process ?? []).filter(isAlive);
  for (const process of left) signalProcess(process, 'SIGTERM');
  await Promise.all(left.map((process) => whenGone(process, 8_000)));
  for (const process of left) signalProcess(process, 'SIGKILL', { group: true });
  await Promise.all(left.map((process) => whenGone(process, 5_000)));
  await endAllJobs(config.paths.jobs, 8_000);
}

function refuseOtherTemporal(config: Config, state: StackState): void {
  if ((config.temporal.external ?? null) === state.external) return;
  const running = state.external ?? 'its own Temporal';
  throw new AnnealError('stack.start_failed', `the stack is up with ${running}; stop it first with ./anneal down`);
}

/** Asks the supervisor to try its failed children again, and waits until it has. */
async function retryFailed(config: Config, supervisor: ProcessIdentity): Promise<void> {
  signalProcess(supervisor, 'SIGHUP');
  const deadline = performance.now() + 2_000;
  const given = async (): Promise<boolean> =>
    (await stackStatus(config)).children.some((child) => child.state === 'failed');
  while ((await given()) && performance.now() < deadline) await sleep(25);
}

function summary({ stopping, children }: StackState): 'starting' | 'running' | 'degraded' | 'stopping' {
  if (stopping) return 'stopping';
  if (children.some((child) => child.state === 'failed' || child.state === 'silent')) return 'degraded';
  return children.some((child) => child.state === 'waiting' || child.state === 'starting') ? 'starting' : 'running';
}

function definedPorts(state: StackState): Partial<Ports> {
  return Object.fromEntries(Object.entries(state.ports).filter(([, port]) => port !== undefined));
}
