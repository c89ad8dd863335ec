// A journey: the command line on a home of its own, as a user has it, plus a hand to kill what it started.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { createSetupReporter } from '../../cli/view/setup.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import type { CampaignStatus } from '../../contracts/record.ts';
import { endpointsOf, loadConfig } from '../../infra/config.ts';
import { isAlive, type ProcessIdentity, signalProcess } from '../../infra/process/identity.ts';
import { setUp } from '../../infra/stack/setup/setup.ts';
import { stackStatus, stopStack } from '../../infra/stack/stack.ts';
import { openStore } from '../../infra/store/open.ts';
import { type Campaigns, createCampaigns } from '../../infra/temporal/campaigns.ts';
import { connectTemporal } from '../../infra/temporal/client.ts';
import { allProcesses, descendantsOf, type Found, living, processesOf } from './processes.ts';

export type Part = 'worker' | 'gateway' | 'policy' | 'temporal' | 'supervisor';

/** Of a command that has ended. */
export interface CommandOutput {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
export interface Finished extends CommandOutput {
  readonly signal: NodeJS.Signals | null;
  readonly seconds: number;
}
export interface Command {
  readonly pid: number;
  readonly finished: Promise<Finished>;
  running(): boolean;
}
export interface CommandOptions {
  /** SIGKILL after this; default 120 s. */
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export type Journey = Awaited<ReturnType<typeof openJourney>>;

/**
 * Makes a home in a temporary folder. Downloads and the prepared model are taken over from the machine's own home, which is
 * set up first where it is not; everything else starts empty.
 */
export async function openJourney(options: { readonly env?: Readonly<Record<string, string>> } = {}) {
  const shared = loadConfig();
  if (!existsSync(shared.paths.venvPython)) await setUp(shared, createSetupReporter(process.stderr).progress);
  const home = mkdtempSync(join(tmpdir(), 'anneal-journey-'));
  symlinkSync(shared.paths.cache, join(home, 'cache'));
  takeOverModel(join(shared.paths.policy, 'model'), join(home, 'policy', 'model'));
  const environment = { ...clean(process.env), ...options.env, ANNEAL_HOME: home, NO_COLOR: '1' };
  const config = loadConfig({ environment });
  const store = openStore(config);
  const commands = new Set<Command>();
  let client: { made: Client; address: string } | undefined;

  /** Starts `./anneal ARGV`. */
  function start(argv: readonly string[], { timeoutMs = 120_000, env = {} }: CommandOptions = {}): Command {
    const began = performance.now();
    const child = spawn(join(config.repo, 'anneal'), argv, {
      cwd: config.repo,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment, ...env },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const command: Command = {
      pid: child.pid ?? 0,
      running: () => commands.has(command),
      finished: new Promise((done, fail) => {
        child.once('error', fail);
        child.once('close', (code, signal) => {
          clearTimeout(timer);
          commands.delete(command);
          done({ code, signal, stdout, stderr, seconds: (performance.now() - began) / 1_000 });
        });
      }),
    };
    commands.add(command);
    return command;
  }

  async function temporal(): Promise<Client> {
    const address = endpointsOf(config, (await stackStatus(config)).ports).temporal;
    if (client?.address !== address) {
      await client?.made.connection.close();
      client = { made: await connectTemporal(address, config.temporal.namespace), address };
    }
    return client.made;
  }

  const campaigns = async (): Promise<Campaigns> => createCampaigns(await temporal(), store);

  /** The process of a part of the stack as the supervisor last wrote it down. Undefined while it is between two lives. */
  async function processOf(part: Part): Promise<ProcessIdentity | undefined> {
    const { supervisor, children } = await stackStatus(config);
    if (part === 'supervisor') return supervisor;
    const found = children.find((child) => child.name === part);
    return found?.state === 'ready' && found.process !== null && isAlive(found.process) ? found.process : undefined;
  }

  /** The Python process of a job that runs now. */
  function trainerOf(job: string): Found | undefined {
    const document = join(config.paths.jobs, job, 'job.json');
    return allProcesses(
      (command) => command.includes(`anneal_trainer train --job ${document}`) && !command.startsWith('sh '),
    )[0];
  }

  return {
    home,
    config,
    store,
    start,
    temporal,
    campaigns,
    processOf,
    run: (argv: readonly string[], how?: CommandOptions): Promise<Finished> => start(argv, how).finished,

    /** Where a campaign stands; undefined while nobody answers, which a killed worker or server makes normal. */
    async status(campaign: CampaignName): Promise<CampaignStatus | undefined> {
      try {
        return await (await campaigns()).statusWithProgress(campaign);
      } catch {
        return undefined;
      }
    },

    /** SIGKILL. Returns the process and what descended from it. */
    async kill(part: Part): Promise<{ killed: ProcessIdentity; descendants: Found[] }> {
      const killed = await until(`the ${part} serves`, () => processOf(part), 60_000);
      const descendants = descendantsOf(killed.pid);
      if (!signalProcess(killed, 'SIGKILL')) throw new Error(`the ${part} was gone before it could be killed`);
      return { killed, descendants };
    },

    trainerOf,

    /** SIGKILLs the trainer of a job (not the wrapper that watches it). Undefined when none runs. */
    killTrainer(job: string): Found | undefined {
      const trainer = trainerOf(job);
      return trainer !== undefined && signalProcess(trainer, 'SIGKILL') ? trainer : undefined;
    },

    jobIsDone: (job: string): boolean => existsSync(join(config.paths.jobs, job, 'result.json')),

    /** Finished checkpoints of a job: what a killed trainer goes on from. */
    checkpointsOf: (job: string): string[] =>
      names(join(config.paths.jobs, job, 'checkpoints')).filter((name) => name.startsWith('step-')),

    processes: (): Found[] => living(processesOf(home)).filter((one) => ![...commands].some((c) => c.pid === one.pid)),

    logTail: (part: Part, count = 15): string =>
      lines(join(config.paths.logs, `${part}.log`))
        .slice(-count)
        .join('\n'),

    /** Stops everything by id and removes the home. Returns what a clean stop had left running, which should be nothing. */
    async end(): Promise<Found[]> {
      for (const command of commands) process.kill(command.pid, 'SIGKILL');
      await Promise.all([...commands].map((command) => command.finished));
      await client?.made.connection.close().catch(() => {});
      await stopStack(config);
      const left = living(processesOf(home));
      for (const one of left) signalProcess(one, 'SIGKILL');
      if (process.env.KEEP_HOME === undefined) rmSync(home, { recursive: true, force: true });
      return left;
    },
  };
}

/** Asks again and again until the answer is something. Throws, naming what was waited for, when time is up. */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  timeoutMs: number,
  everyMs = 20,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1_000} s in vain until ${what}`);
    await sleep(everyMs);
  }
}

function clean(environment: NodeJS.ProcessEnv): Record<string, string> {
  const keep = ([name, value]: [string, string | undefined]): [string, string][] =>
    value === undefined || /^(ANNEAL_|TEMPORAL_ADDRESS|VITEST|NODE_ENV)/.test(name) ? [] : [[name, value]];
  return Object.fromEntries(Object.entries(environment).flatMap(keep));
}

/** Hard links: the model is 140 MB and is replaced, never written into. */
function takeOverModel(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of names(from)) {
    try {
      linkSync(join(from, name), join(to, name));
    } catch {
      // Another file system.
      cpSync(join(from, name), join(to, name));
    }
  }
}

function lines(path: string): string[] {
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}

const names = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
