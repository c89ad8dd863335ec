// Clusters that files of one run share, since a control plane of its own costs each of them ten seconds of processor time: where they
// are, and their end with the run. A file that needs one starts it (cluster.ts); a run that needs none has none.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { identityOf, type ProcessIdentity } from '../../infra/process/identity.ts';

/** `control-plane` has no node; `node` has a real one. */
export const SHARED = ['control-plane', 'node'] as const;

export interface SharedClusters {
  /** One folder within for each. */
  readonly dir: string;
  /** They end with it, however it ends. */
  readonly run: ProcessIdentity;
}

declare module 'vitest' {
  interface ProvidedContext {
    sharedClusters: SharedClusters;
  }
}

export default function setup({ provide }: TestProject): () => Promise<void> {
  const run = identityOf(process.pid);
  if (run === undefined) throw new Error('this process has no entry below /proc');
  const dir = join(tmpdir(), `anneal-shared-${run.pid}`);
  provide('sharedClusters', { dir, run });
  return async () => {
    if (!existsSync(dir)) return;
    const { openTestbed } = await import('../../k8s/testbed/testbed.ts');
    for (const name of SHARED)
      if (existsSync(join(dir, name, 'run', 'testbed.json'))) await openTestbed(join(dir, name)).stop();
    await rm(dir, { recursive: true, force: true });
  };
}
