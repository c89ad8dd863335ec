import { describe, expect, test } from 'vitest';
import { countParameters } from './parameters.ts';
import {
  kvBytesPerToken,
  kvBytesPerTokenPerGpu,
  servedBytes,
  serverMemory,
  serverWeightBytes,
} from './server-memory.ts';
import { shipped } from './shipped.fixture.ts';
import { validateLayout } from './validate.ts';

describe('MiniMax-M2.7', () => {
  test('a token takes 253,952 bytes of KV cache, and half of it in fp8', () => {
    const { architecture } = shipped('minimax-m27-standard').model;
    expect(kvBytesPerToken(architecture, 'bf16')).toBe(253_952);
    expect(kvBytesPerToken(architecture, 'fp8')).toBe(126_976);
  });

  test('fp8 weights are about 230 GB, of which four GPUs hold a quarter each', () => {
    const { model, rollout } = shipped('minimax-m27-standard');
    expect(servedBytes(model, 'fp8') / 1e9).toBeCloseTo(230, 0);
    expect(serverWeightBytes(model, rollout) / 1e9).toBeCloseTo(57.6, 1);
    expect(servedBytes(model, 'bf16')).toBe(2 * countParameters(model.architecture).total);
  });

  test.each([
    ['4 × 96 GB', 96, 4, false, 400_000],
    ['8 × 144 GB with whole experts', 144, 8, true, 3_000_000],
  ])("%s: within 5%% of the recipe's capacity", (_name, memoryGb, tensor, expert, tokens) => {
    const profile = shipped('minimax-m27-standard', (p) => {
      Object.assign(p.accelerators.h200 ?? {}, { memoryGb });
      Object.assign(p.rollout, { gpusPerEngine: tensor, engines: 1, parallel: { tensor, data: 1, expert } });
    });
    expect(Math.abs(serverMemory(profile).kvTokensPerEngine / tokens - 1)).toBeLessThan(0.05);
  });

  test('data-parallel ranks copy attention, not experts', () => {
    const { model, rollout } = shipped('minimax-m27-h100');
    const copied = { ...rollout, parallel: { tensor: 1, data: 8, expert: true } };
    const p = countParameters(model.architecture);
    const more = serverWeightBytes(model, copied) - serverWeightBytes(model, rollout);
    expect(more / (p.attention + 2 * (p.embedding + p.head))).toBeCloseTo(7 / 8, 3);
  });
});

test('more tensor ranks than KV heads copy heads', () => {
  const { model, rollout } = shipped('qwen3-30b-a3b');
  const with8 = { ...rollout, parallel: { ...rollout.parallel, tensor: 8 } };
  expect(kvBytesPerTokenPerGpu(model.architecture, with8)).toBe(kvBytesPerTokenPerGpu(model.architecture, rollout));
});

test('parts fill what the server may use', () => {
  const { parts, used, capacity, kvTokens, kvTokensPerEngine } = serverMemory(shipped('minimax-m27-standard'));
  expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBeCloseTo(used);
  expect(used).toBeCloseTo(0.9 * capacity);
  expect(kvTokens).toBe(8 * kvTokensPerEngine);
});

describe('on CPUs', () => {
  test('a server has what its pod may use, or its share of the node where that is less', () => {
    const { capacity, kvBytes } = serverMemory(shipped('cpu'));
    expect(capacity).toBe(2 * 2 ** 30);
    expect(kvBytes).toBeLessThan(2 * 2 ** 30);
    const roomy = shipped('cpu', (p) => Object.assign(p.pods.rollout, { memory: '64Gi' }));
    expect(serverMemory(roomy).capacity).toBe(6e9);
  });

  test("a GPU's memory is its own", () => {
    const small = shipped('one-gpu', (p) => Object.assign(p.pods.rollout, { memory: '1Gi' }));
    expect(serverMemory(small).capacity).toBe(serverMemory(shipped('one-gpu')).capacity);
  });

  test('what is hinted at fits the pod, and speaks of the server that is there', () => {
    const greedy = shipped('cpu', (p) => Object.assign(p.rollout, { maxSequences: 2_000 }));
    const [problem] = validateLayout(greedy);
    const written = Number(/maxSequences: (\d+)/.exec(problem?.hint ?? '')?.[1]);
    const { kvTokensPerEngine } = serverMemory(greedy);
    expect(written * greedy.rollout.meanSequenceTokens).toBeLessThanOrEqual(kvTokensPerEngine);
    expect(written).toBeLessThan(500);
    const cramped = shipped('cpu', (p) => Object.assign(p.pods.rollout, { memory: '600Mi' }));
    for (const { hint = '', expected, path } of [...validateLayout(greedy), ...validateLayout(cramped)])
      expect(`${path} ${hint} ${expected}`).not.toMatch(/vLLM|GPU/i);
    expect(validateLayout(cramped)[0]?.path).toBe('pods.rollout.memory');
  });
});

test('sequences are bounded by the cache and by maxSequences', () => {
  const long = serverMemory(shipped('minimax-m27-standard'));
  expect(long.fullSequences).toBe(8 * Math.floor(long.kvTokensPerEngine / 204_800));
  expect(long.usualSequences).toBe(8 * 56);
});
