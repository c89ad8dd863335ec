// What a job that trains all of a model's weights is told of its profile: the division over GPUs, and what it must know of the model.
import type { JobLayout } from '../contracts/job.ts';
import type { ProfileSpec } from '../contracts/profile.ts';

/** @param profile whose trainer keeps fp32 master weights (k8s/layout/campaign.ts refuses others) */
export function jobLayoutOf({ model, trainer }: ProfileSpec): JobLayout {
  const { architecture } = model;
  const { nodes, gpusPerNode, parallel, precision } = trainer;
  const { shardOptimizer, offload, recompute, sequenceTokens, lossChunkTokens, onPreemption } = trainer;
  return {
    ...{ nodes, gpusPerNode, parallel },
    precision: { grads: precision.grads, master: 'fp32', moments: precision.moments },
    layers: architecture.layers,
    experts: architecture.moe?.experts ?? 0,
    ...{ shardOptimizer, offload, recompute, sequenceTokens, lossChunkTokens, onPreemption },
  };
}

/**
 * Every version of so many is exported whole. Between them only what changed is: a server whose disk is empty fetches the last
 * whole one and all deltas since, and one lost delta costs all versions after it.
 */
const WHOLE_EVERY = 16;

export const exportsDelta = (version: number): boolean => version % WHOLE_EVERY !== 0;
