// For every rule, a change to a shipped profile that this rule refuses, and no other.
import { describe, expect, test } from 'vitest';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { SHIPPED, shipped } from './shipped.fixture.ts';
import { RULES, type RuleName, validateLayout } from './validate.ts';

type Change = (profile: ProfileSpec) => void;
const set = Object.assign;
const onTwoGpus: Change = (p) => {
  set(p.trainer, { gpusPerNode: 2 });
  set(p.trainer.parallel, { tensor: 2 });
  set(p.rollout, { gpusPerNode: 2, engines: 2 });
};

const MUTATIONS: Record<RuleName, readonly [name: string, change: Change, said: string]> = {
  'trainer-world': ['standard', (p) => set(p.trainer, { nodes: 9 }), '2 × 2 × 2 × 8 = 64'],
  'trainer-gpus-per-node': ['standard', (p) => set(p.trainer, { nodes: 4, gpusPerNode: 16 }), '16'],
  'tensor-in-node': ['standard', (p) => set(p.trainer, { nodes: 64, gpusPerNode: 1 }), '1 / 2 = 0.5'],
  'heads-by-tensor': [
    'qwen3-30b-a3b',
    (p) => {
      set(p.model.architecture, { heads: 30 });
      set(p.trainer.parallel, { tensor: 4, data: 2 });
      set(p.rollout, { engines: 4, gpusPerEngine: 2, maxSequences: 32 });
      set(p.rollout.parallel, { tensor: 2 });
    },
    '30 / 4 = 7.5',
  ],
  'kv-heads-by-tensor': ['qwen3-30b-a3b', (p) => set(p.trainer.parallel, { tensor: 8, data: 1 }), '4 / 8 = 0.5'],
  'ffn-by-tensor': [
    'one-gpu',
    (p) => {
      onTwoGpus(p);
      set(p.model.architecture, { ffn: 3073 });
    },
    '3073 / 2 = 1536.5',
  ],
  'layers-by-pipeline': ['standard', (p) => set(p.model.architecture, { layers: 61 }), '61 / 2 = 30.5'],
  'sequence-by-context': ['standard', (p) => set(p.trainer, { sequenceTokens: 65_537 }), '65537 / 8 = 8192.13'],
  'sequence-in-context': ['standard', (p) => set(p.trainer, { sequenceTokens: 212_992 }), '212992'],
  'batch-by-data': ['standard', (p) => set(p.trainer, { batchSequences: 129 }), '129 / 8 = 16.13'],
  'experts-without-moe': ['one-gpu', (p) => set(p.rollout.parallel, { expert: true }), 'true'],
  'experts-by-expert': ['standard', (p) => set(p.model.architecture.moe ?? {}, { experts: 250 }), '250 / 32 = 7.81'],
  'expert-world': ['standard', (p) => set(p.trainer.parallel, { expert: 64 }), '64 × 1 × 2 = 128; 64 / 128 = 0.5'],
  'expert-ffn-by-expert-tensor': [
    'standard',
    (p) => {
      set(p.model.architecture.moe ?? {}, { expertFfn: 1538 });
      set(p.trainer.parallel, { expert: 8, expertTensor: 4 });
      set(p.rollout.parallel, { expert: true });
    },
    '1538 / 4 = 384.5',
  ],
  'trainer-tensor-limit': [
    'qwen3-30b-a3b',
    (p) => {
      set(p.model.architecture, { kvHeads: 8 });
      set(p.model.architecture.moe ?? {}, { experts: 8 });
      set(p.trainer.parallel, { tensor: 8, data: 1, expert: 1 });
    },
    '768 / 8 = 96',
  ],
  'server-experts': [
    'qwen3-30b-a3b',
    (p) => {
      set(p.model.architecture.moe ?? {}, { experts: 12, topK: 4 });
      set(p.trainer.parallel, { expert: 4 });
      set(p.rollout, { engines: 1, gpusPerEngine: 8 });
      set(p.rollout.parallel, { tensor: 8, expert: true });
    },
    '12 / 8 = 1.5',
  ],
  'server-expert-ffn': [
    'standard',
    (p) => set(p.model.architecture.moe ?? {}, { expertFfn: 1538 }),
    '1538 / 4 = 384.5',
  ],
  'fp8-block': [
    'standard',
    (p) => {
      set(p.rollout, { engines: 4, gpusPerEngine: 8 });
      set(p.rollout.parallel, { tensor: 8 });
    },
    '1536 / 8 = 192, which is not divisible by 128',
  ],
  'server-tensor-limit': [
    'qwen3-30b-a3b',
    (p) => {
      set(p.rollout, { engines: 1, gpusPerEngine: 8 });
      set(p.rollout.parallel, { tensor: 8 });
    },
    '768 / 8 = 96',
  ],
  'rollout-world': ['standard', (p) => set(p.rollout, { engines: 7 }), '7 × 4 = 28'],
  'rollout-gpus-per-node': ['standard', (p) => set(p.rollout, { nodes: 2, gpusPerNode: 16 }), '16'],
  'engine-parallel': ['standard', (p) => set(p.rollout.parallel, { data: 2, expert: true }), '4 × 2 = 8'],
  'engine-in-node': ['standard', (p) => set(p.rollout, { nodes: 16, gpusPerNode: 2 }), '2 / 4 = 0.5'],
  'engine-of-nodes': ['standard', (p) => set(p.rollout, { multiNode: true }), '4 GPUs an engine'],
  'server-heads': ['standard', (p) => set(p.model.architecture, { heads: 50 }), '50 / 4 = 12.5'],
  'server-kv-heads': ['standard', (p) => set(p.model.architecture, { kvHeads: 6 }), '6 / 4 = 1.5'],
  'server-ffn': [
    'one-gpu',
    (p) => {
      set(p, { colocated: false });
      set(p.model.architecture, { ffn: 3073 });
      set(p.rollout, { gpusPerNode: 2, gpusPerEngine: 2 });
      set(p.rollout.parallel, { tensor: 2 });
    },
    '3073 / 2 = 1536.5',
  ],
  'length-in-context': ['standard', (p) => set(p.rollout, { maxModelTokens: 262_144 }), '262144'],
  'usual-sequence': ['standard', (p) => set(p.rollout, { meanGeneratedTokens: 20_000 }), '20000, 16384, 204800'],
  'colocated-devices': ['smoke', (p) => set(p.rollout, { nodes: 4, engines: 8 }), '4 × 8 h200'],
  'trainer-memory': [
    'standard',
    (p) => set(p.trainer, { recompute: 'none' }),
    'weights 9.1 + gradients 18.1 + optimizer 42.9',
  ],
  'server-memory': ['standard', onSmallServers(60), 'weights 57.6 + overhead 3.5 = 61.1 GB'],
  'kv-context': [
    'standard',
    (p) => {
      onSmallServers(72)(p);
      set(p.rollout, { maxSequences: 1 });
    },
    '204800',
  ],
  'kv-budget': ['standard', (p) => set(p.rollout, { maxSequences: 500 }), '500 × 16384 = 8192000'],
  'colocated-rest': ['smoke', (p) => set(p.rollout, { memoryUtilisation: 0.97 }), '4.2 GB'],
  'trainer-host-memory': ['smoke', (p) => set(p.pods.trainer, { memory: '300Gi' }), '300Gi'],
  'node-memory': ['standard', (p) => set(p.pods.rollout, { memory: '1000Gi' }), '2 × 1000Gi = 2000Gi'],
  'vllm-known': ['standard', (p) => set(p.rollout, { vllmVersion: undefined }), 'nothing'],
  'vllm-minimum': ['standard', (p) => set(p.rollout, { vllmVersion: '0.19.1' }), '0.19.1'],
  'vllm-fp8-moe-lora': ['standard', (p) => set(p.rollout, { lora: true, vllmVersion: '0.22.1' }), '0.22.1'],
  'accelerator-known': ['standard', (p) => set(p.trainer, { accelerator: 'b200' }), 'b200'],
  rdma: ['standard', (p) => set(p.accelerators.h200 ?? {}, { rdma: undefined }), 'no rdma'],
  'shared-memory': ['standard', (p) => set(p.pods.rollout, { sharedMemory: '1Gi' }), '1Gi'],
  'shared-memory-in-pod': ['standard', (p) => set(p.pods.rollout, { sharedMemory: '200Gi' }), '200Gi'],
  'preemption-save': ['standard', (p) => set(p.trainer, { onPreemption: 'full' }), '3201.7 GB / 5 GB/s = 640 s'],
  disk: ['standard', (p) => set(p.pods.rollout, { ephemeralStorage: '400Gi' }), '230.0 GB of weights = 460 GB'],
  'startup-window': ['standard', (p) => set(p.rollout.probes, { startupWindow: '2m' }), '2m'],
  liveness: ['standard', (p) => set(p.rollout.probes, { livenessFailures: 1 }), '15s × 1 = 15 s'],
};

function onSmallServers(memoryGb: number): Change {
  return (p) => {
    const like = p.accelerators.h200;
    if (like !== undefined) p.accelerators.small = { ...like, memoryGb };
    p.rollout.accelerator = 'small';
  };
}

const fullName = (name: string): string => (SHIPPED.has(name) ? name : `minimax-m27-${name}`);

describe('shipped profiles', () => {
  test('are six', () => {
    expect([...SHIPPED.keys()]).toEqual([
      'cpu',
      'minimax-m27-h100',
      'minimax-m27-smoke',
      'minimax-m27-standard',
      'one-gpu',
      'qwen3-30b-a3b',
    ]);
  });

  test.each([...SHIPPED.keys()])('%s breaks no rule, and is called like its file', (name) => {
    expect(validateLayout(shipped(name))).toEqual([]);
    expect(shipped(name).name).toBe(name);
  });

  test('agree about MiniMax-M2.7', () => {
    expect(shipped('minimax-m27-smoke').model).toEqual(shipped('minimax-m27-standard').model);
    expect(shipped('minimax-m27-h100').model).toEqual(shipped('minimax-m27-standard').model);
    expect(shipped('minimax-m27-standard').model.licence).toMatchObject({ nonCommercial: true });
  });

  test.each([
    ['minimax-m27-smoke', 64, 64],
    ['minimax-m27-standard', 64, 32],
    ['minimax-m27-h100', 128, 64],
    ['qwen3-30b-a3b', 8, 8],
    ['one-gpu', 1, 1],
  ])('%s has %d and %d GPUs', (name, trainer, rollout) => {
    const { trainer: t, rollout: r } = shipped(name);
    expect([t.nodes * t.gpusPerNode, r.engines * r.gpusPerEngine]).toEqual([trainer, rollout]);
  });
});

test.each(RULES.map(({ name }) => name))('%s refuses its mutation, and no other rule does', (name) => {
  const [profile, change, said] = MUTATIONS[name];
  const problems = validateLayout(shipped(fullName(profile), change));
  expect([...new Set(problems.map((problem) => problem.rule))]).toEqual([name]);
  for (const problem of problems) {
    expect(problem.got).toContain(said);
    expect(problem.expected.length).toBeGreaterThan(5);
    expect(problem.hint).toMatch(/[.)]$/);
    const value = problem.path
      .split('.')
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], shipped(fullName(profile), change));
    if (name !== 'vllm-known') expect(value, problem.path).toBeDefined();
  }
});

test('everything that is wrong is found at once', () => {
  const problems = validateLayout(
    shipped('minimax-m27-standard', (p) => {
      set(p.rollout, { engines: 4, gpusPerEngine: 8, vllmVersion: '0.19.0' });
      set(p.rollout.parallel, { tensor: 8 });
      set(p.trainer.parallel, { expert: 48, pipeline: 4 });
      set(p.pods.rollout, { sharedMemory: '1Gi' });
    }),
  );
  expect(problems.map((problem) => problem.rule)).toEqual([
    'trainer-world',
    'layers-by-pipeline',
    'experts-by-expert',
    'expert-world',
    'fp8-block',
    'vllm-minimum',
    'shared-memory',
  ]);
});

test('what is advised for a wrong number of GPUs breaks no other rule of their division', () => {
  const hintsOf = (change: Change) =>
    validateLayout(shipped('minimax-m27-standard', change))
      .filter(({ rule }) => ['trainer-world', 'expert-world', 'batch-by-data'].includes(rule))
      .map(({ hint }) => hint);
  for (const nodes of [1, 3, 9, 12, 24, 33]) {
    const wrong: Change = (p) => set(p.trainer, { nodes });
    const advice = hintsOf(wrong)[0]!;
    const [, count = nodes, data] = /^Write (?:nodes: (\d+) and )?data: (\d+)/.exec(advice)!;
    const mended: Change = (p) => {
      set(p.trainer, { nodes: Number(count) });
      set(p.trainer.parallel, { data: Number(data) });
    };
    expect([nodes, hintsOf(mended)]).toEqual([nodes, []]);
  }
});
