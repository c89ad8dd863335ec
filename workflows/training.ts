// One training job by the job contract: assemble the batch, run the job, import what it made.
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { CampaignName, JobName } from '../contracts/ids.ts';
import type { WatchOrder } from '../contracts/monitor.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { LedgerCounts, SampledMix } from '../contracts/record.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { activitiesOn } from './queues.ts';

export interface TrainingInput {
  campaign: CampaignName;
  spec: ArtifactRef;
  plan: ArtifactRef;
  round: number;
  from: PolicyVersion;
  to: number;
  /** Of the job, once it runs. */
  timeoutMs: number;
  /** How long it may wait for a queue and for nodes; campaigns that began before it was counted apart have none. */
  waitMs?: number;
  /** Who is told of what goes wrong while it runs; absent: nobody watches. */
  watch?: WatchOrder;
}
export interface TrainingOutput {
  ledger: LedgerCounts;
  account: ArtifactRef;
  /** Absent where all of it was sampled by the version that was trained from. */
  sampled?: SampledMix;
  /** Absent when no sample carried signal: then there was nothing to train on. */
  trained?: { job: JobName; policy: PolicyVersion; result: ArtifactRef; metrics: ArtifactRef };
}

const quick = activitiesOn('control', {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

export async function training(input: TrainingInput): Promise<TrainingOutput> {
  const { document, account, ledger, sampled } = await quick.assembleBatch(input);
  if (document === null) return { ledger, account };
  const limitMs = input.timeoutMs + (input.waitMs ?? 0);
  const { runJob } = activitiesOn('jobs', {
    startToCloseTimeout: limitMs,
    // A job that was killed gets its time again, but not for ever: one that never ends would be resumed and resumed.
    scheduleToCloseTimeout: 2 * limitMs,
    heartbeatTimeout: '15s',
    // A job that was killed resumes from its checkpoints; what is wrong with the job itself is never retried blindly.
    retry: RETRY_OPTIONS.job,
  });
  try {
    await runJob.executeWithOptions({ summary: document.name }, [
      { document, ...(input.watch && { watch: input.watch }) },
    ]);
  } catch (failure) {
    if (isCancellation(failure)) await CancellationScope.nonCancellable(() => quick.cancelJob({ name: document.name }));
    throw failure;
  }
  const imported = await quick.importJob({ document, campaign: input.campaign, parent: input.from.number });
  return { ledger, account, ...(sampled && { sampled }), trained: { job: document.name, ...imported } };
}
