// A Temporal server with a namespace for each life, so that many may be played at a time, each with a worker of its own that dies where it is
// told to and is started again.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import { AnnealError } from '../../contracts/errors.ts';
import { SEARCH_TYPES } from '../../contracts/names.ts';
import type { Gates } from '../../infra/temporal/gates.ts';
import { startTemporal } from './temporal-server.ts';

export interface Scene {
  readonly client: Client;
  readonly address: string;
  readonly namespace: string;
  readonly bundle: string;
}
/** What every worker that is to be killed is told, with whatever its own program needs. */
export interface Mortal {
  readonly temporal: string;
  readonly namespace: string;
  readonly bundle: string;
}

/**
 * Plays one life, and then one more for each boundary that it passed and that is chosen.
 * @param play a boundary's name, as a life without death tells it; null: nobody dies
 * @param lanes lives at a time: mostly they wait for a heartbeat that is missed
 */
export async function playEveryDeath<Played extends { readonly passed: readonly string[] }>(
  play: (scene: Scene, at: string | null) => Promise<Played>,
  choose: (passed: readonly string[]) => readonly string[],
  { lanes, saw }: { readonly lanes: number; readonly saw?: (at: string, played: Played) => void },
): Promise<Map<string | null, Played>> {
  const namespaces = Array.from({ length: lanes }, (_, lane) => `lane-${lane}`);
  const folder = mkdtempSync(join(tmpdir(), 'anneal-deaths-'));
  const bundle = join(folder, 'workflows.js');
  const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  const workflowsPath = join(import.meta.dirname, '../../workflows/index.ts');
  const server = await startTemporal(SEARCH_TYPES, namespaces);
  try {
    writeFileSync(bundle, (await bundleWorkflowCode({ workflowsPath, logger: silent })).code);
    const { connection } = server.client;
    const played = new Map<string | null, Played>();
    const playOne = async (namespace: string, at: string | null): Promise<void> => {
      const client = new Client({ connection, namespace });
      const one = await play({ client, address: server.address, namespace, bundle }, at);
      played.set(at, one);
      if (at !== null) saw?.(at, one);
    };
    await playOne('default', null);
    const waiting = [...choose(played.get(null)!.passed)];
    const lane = async (namespace: string): Promise<void> => {
      for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) await playOne(namespace, at);
    };
    await Promise.all(namespaces.map(lane));
    return played;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Starts a worker again for as long as it is killed. @param program a file that is given what it needs as its one argument */
export function keepAlive(program: string, given: Mortal, env: NodeJS.ProcessEnv = {}): { stop(): Promise<void> } {
  let stopped = false;
  let child = start();
  function start() {
    const process_ = spawn(process.execPath, [program, JSON.stringify(given)], {
      ...{ stdio: ['ignore', 'ignore', 'inherit'] as const, env: { ...process.env, ...env } },
    });
    process_.once('exit', (_, signal) => {
      if (!stopped && signal === 'SIGKILL') child = start();
    });
    return process_;
  }
  return {
    async stop() {
      stopped = true;
      const gone = child.exitCode === null && child.signalCode === null;
      if (!gone) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const PATIENCE_MS = 120_000;
const LOOK_MS = 100;

/** What is not there yet, and whoever does not answer yet, is asked again. */
export async function until<T>(look: () => Promise<T | undefined>, every = LOOK_MS): Promise<T> {
  for (const end = Date.now() + PATIENCE_MS; ; ) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('nothing came within two minutes');
    await sleep(every);
  }
}

/** A human whose line breaks off says the same thing again; that it was taken in before is as good. */
export async function decided(gates: Gates, decision: Parameters<Gates['decide']>[0]): Promise<void> {
  for (let times = 1; ; times += 1)
    try {
      await gates.decide(decision);
      return;
    } catch (failure) {
      if (failure instanceof AnnealError && ['decision.replayed', 'gate.closed'].includes(failure.code)) return;
      if (times === 5) throw failure;
      await sleep(500);
    }
}
