import { expect, test } from 'vitest';
import { jobLayout } from '../contracts/job.ts';
import { profileSpec } from '../contracts/profile.ts';
import { exportsDelta, jobLayoutOf } from './job-layout.ts';

const guess = { value: 1, source: 'a test' };
const profile = profileSpec.parse({
  ...{ apiVersion: 'anneal/v1', kind: 'Profile', name: 'p' },
  model: {
    ...{ name: 'a/b', licence: { name: 'none' } },
    architecture: {
      ...{ layers: 62, hidden: 8, heads: 2, kvHeads: 1, headDim: 4, vocab: 16, contextTokens: 64 },
      moe: { experts: 256, topK: 8, expertFfn: 16 },
    },
  },
  accelerators: { g: { product: 'a GPU', perNode: 8, memoryGb: 80, hostMemory: '1Ti' } },
  trainer: {
    ...{ image: 'i', accelerator: 'g', nodes: 8, gpusPerNode: 8, batchSequences: 1, sequenceTokens: 4096 },
    parallel: { tensor: 2, pipeline: 2, data: 16, expert: 32 },
    precision: { grads: 'bf16', moments: 'bf16' },
  },
  rollout: {
    ...{ image: 'i', accelerator: 'g', nodes: 1, gpusPerNode: 8, engines: 1, gpusPerEngine: 8, maxModelTokens: 64 },
    ...{ maxSequences: 1, meanSequenceTokens: 8, meanGeneratedTokens: 4, tokensPerSecondPerGpu: guess },
  },
  pods: { trainer: { cpu: '1', memory: '1Gi' }, rollout: { cpu: '1', memory: '1Gi' } },
  storage: { saveGbPerSecond: guess, syncGbPerSecond: guess },
});

test('a layout is what the profile says of the trainer, and of the model what the trainer must know', () => {
  const layout = jobLayoutOf(profile);
  expect(layout).toEqual({
    ...{ nodes: 8, gpusPerNode: 8, layers: 62, experts: 256, shardOptimizer: true, offload: 'none' },
    parallel: { tensor: 2, pipeline: 2, context: 1, data: 16, expert: 32, expertTensor: 1 },
    precision: { grads: 'bf16', master: 'fp32', moments: 'bf16' },
    ...{ recompute: 'full', sequenceTokens: 4096, lossChunkTokens: 4096, onPreemption: 'metadata' },
  });
  expect(jobLayout.parse(layout)).toEqual(layout);
  const { moe: _, ...dense } = profile.model.architecture;
  const model = { ...profile.model, architecture: { ...dense, ffn: 16 } };
  expect(jobLayoutOf({ ...profile, model }).experts).toBe(0);
});

test('of sixteen versions one is exported whole', () => {
  const whole = Array.from({ length: 48 }, (_, n) => n + 1).filter((version) => !exportsDelta(version));
  expect(whole).toEqual([16, 32, 48]);
});
