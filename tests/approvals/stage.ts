// A Temporal server with a namespace for each campaign, so that many may be played at a time, each with a worker of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import { SEARCH_TYPES } from '../../contracts/names.ts';
import { startTemporal } from '../support/temporal-server.ts';
import { type Played, playDecisions } from './scenario.ts';

/** Lets a line be drawn for each death. */
export type Saw = (at: string, played: Played) => void;

/**
 * Plays one life, and then one more for each boundary that it passed and that is chosen.
 * @param lanes campaigns at a time: mostly they wait for a heartbeat that is missed
 */
export async function playEveryDeath(
  choose: (passed: readonly string[]) => readonly string[],
  { lanes, saw }: { readonly lanes: number; readonly saw?: Saw },
): Promise<Map<string | null, Played>> {
  const namespaces = Array.from({ length: lanes }, (_, lane) => `lane-${lane}`);
  const folder = mkdtempSync(join(tmpdir(), 'anneal-decisions-'));
  const bundle = join(folder, 'workflows.js');
  const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  const workflowsPath = join(import.meta.dirname, '../../workflows/index.ts');
  const server = await startTemporal(SEARCH_TYPES, namespaces);
  try {
    writeFileSync(bundle, (await bundleWorkflowCode({ workflowsPath, logger: silent })).code);
    const { connection } = server.client;
    const played = new Map<string | null, Played>();
    const play = async (namespace: string, at: string | null): Promise<void> => {
      const client = new Client({ connection, namespace });
      const one = await playDecisions({ client, address: server.address, namespace, bundle }, at);
      played.set(at, one);
      if (at !== null) saw?.(at, one);
    };
    await play('default', null);
    const waiting = [...choose(played.get(null)!.passed)];
    const lane = async (namespace: string): Promise<void> => {
      for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) await play(namespace, at);
    };
    await Promise.all(namespaces.map(lane));
    return played;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}
