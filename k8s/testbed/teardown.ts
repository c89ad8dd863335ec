// Ends a testbed, whoever started it, by the pids and start times that were written down.
import { rm } from 'node:fs/promises';
import process from 'node:process';
import { isAlive, signalProcess, whenGone } from '../../infra/process/identity.ts';
import { sweepNode } from './node-space.ts';
import type { Layout } from './options.ts';
import { readState } from './state.ts';

/** Returns how many processes were ended. Harmless when there is nothing to end. */
export async function tearDown(layout: Layout): Promise<number> {
  const state = readState(layout);
  if (state === undefined) return 0;
  const living = state.processes.filter((one) => one.pid !== process.pid && isAlive(one));
  // With the first process of the node's namespaces goes everything in them: containerd, the kubelet, all containers, all mounts.
  for (const one of living) signalProcess(one, 'SIGKILL');
  await Promise.all(living.map((one) => whenGone(one, 20_000)));
  if (state.parts.includes('kubelet')) await sweepNode(layout);
  await rm(layout.run, { recursive: true, force: true, maxRetries: 5 });
  return living.length;
}
