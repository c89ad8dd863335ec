// The training of each round run once more in a folder of its own: the same batch, seeds and base give the same adapter, or not.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { type JobDocument, type JobRunner, jobDocument } from '../../contracts/job.ts';
import type { RoundRecord } from '../../contracts/record.ts';
import type { ReproducedPart } from '../../contracts/reproduction.ts';
import type { Config } from '../../infra/config.ts';
import { createLocalJobRunner, trainerCommand } from '../../infra/jobs/local.ts';
import { makeTemporaryFolder } from '../../infra/process/work-folder.ts';

const LOOK_MS = 500;
const GRACE_MS = 8_000;

export async function retrain(
  config: Config,
  store: ArtifactStore,
  rounds: readonly RoundRecord[],
  watching: { readonly signal: AbortSignal; readonly onProgress: (what: string) => void },
): Promise<ReproducedPart> {
  if (config.deployment.compute !== 'local')
    return { part: 'training', verdict: 'left', why: 'it ran in pods: it is run again on a machine of its own only' };
  const trained = rounds.filter((round) => round.training !== undefined);
  const differing: string[] = [];
  const jobsDir = await makeTemporaryFolder('reproduce');
  const jobs = createLocalJobRunner({ store, jobsDir, ...trainerCommand(config), supervisor: undefined });
  try {
    for (const { training, policy } of trained) {
      const text = await readFile(join(config.paths.jobs, training!.job, 'job.json'), 'utf8').catch(() => undefined);
      if (text === undefined) {
        differing.push(`${training!.job} left no job document here`);
        continue;
      }
      const document = jobDocument.parse(JSON.parse(text));
      const adapter = await adapterOf(jobs, document, watching);
      if (adapter !== policy.adapter?.sha256) differing.push(`${document.name} gave ${adapter ?? 'no adapter'}`);
    }
  } finally {
    await rm(jobsDir, { recursive: true, force: true });
  }
  return differing.length === 0
    ? { part: 'training', verdict: 'same', why: `${trained.length} adapters, byte for byte` }
    : { part: 'training', verdict: 'different', why: differing.join('; ') };
}

async function adapterOf(
  jobs: JobRunner,
  document: JobDocument,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (what: string) => void },
): Promise<string | undefined> {
  await jobs.submit(document, signal);
  try {
    for (;;) {
      const state = await jobs.state(document.name);
      if (state.phase === 'done' && 'adapter' in state.result.outputs) return state.result.outputs.adapter.sha256;
      if (state.phase !== 'running') return undefined;
      onProgress(`${document.name}: step ${state.step ?? 0} of ${document.algorithm.steps}`);
      await sleep(LOOK_MS, undefined, { signal });
    }
  } finally {
    await jobs.cancel(document.name, GRACE_MS);
  }
}
