import { expect, test } from 'vitest';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { ADAPTED_BASE, misfits } from './campaign.ts';
import { loadProfile, shippedProfiles } from './shipped.ts';

type Policy = CampaignSpec['policy'];
const ADAPTER: Policy = { base: ADAPTED_BASE, lora: { rank: 8, alpha: 16, layers: 10 } };
const paths = (policy: Policy, profile: ProfileSpec | undefined) =>
  misfits({ policy }, profile).map(({ path }) => path);

test('every shipped profile runs a campaign of its model', async () => {
  for (const name of shippedProfiles()) {
    const profile = await loadProfile(name);
    const whole = profile.rollout.server === 'vllm';
    expect(misfits({ policy: whole ? { base: profile.model.name, lora: null } : ADAPTER }, profile), name).toEqual([]);
  }
});

test('on one machine, and with llama.cpp, adapters of one model are trained', async () => {
  for (const profile of [undefined, await loadProfile('cpu')]) {
    expect(paths(ADAPTER, profile)).toEqual([]);
    expect(paths({ base: 'Qwen/Qwen3-0.6B', lora: null }, profile)).toEqual(['policy.base', 'policy.lora']);
  }
});

test('with vLLM the whole model of the profile is', async () => {
  const profile = await loadProfile('one-gpu');
  expect(paths(ADAPTER, profile)).toEqual(['policy.base', 'policy.lora']);
});

test.each<[string, string, (profile: ProfileSpec) => unknown]>([
  [
    'an adapter at the server',
    'profile: rollout.lora, trainer.lora',
    (p) => ({ ...p, rollout: { ...p.rollout, lora: true } }),
  ],
  [
    'data-parallel ranks',
    'profile: rollout.parallel.data',
    (p) => ({ ...p, rollout: { ...p.rollout, parallel: { tensor: 1, data: 2, expert: true } } }),
  ],
  ['another vLLM', 'profile: rollout.vllmVersion', (p) => ({ ...p, rollout: { ...p.rollout, vllmVersion: '0.25.0' } })],
  [
    'an unknown vLLM',
    'profile: rollout.vllmVersion',
    (p) => ({ ...p, rollout: { ...p.rollout, vllmVersion: undefined } }),
  ],
  ['another precision', 'profile: rollout.weights', (p) => ({ ...p, rollout: { ...p.rollout, weights: 'fp8' } })],
  [
    'no master weights',
    'profile: trainer.precision',
    (p) => ({ ...p, trainer: { ...p.trainer, precision: { ...p.trainer.precision, master: 'none' } } }),
  ],
  [
    'nodes without a folder in common',
    'profile: storage.shared',
    (p) => ({ ...p, trainer: { ...p.trainer, nodes: 2 } }),
  ],
  ['the trainer of adapters', 'profile: trainer.engine', (p) => ({ ...p, trainer: { ...p.trainer, engine: 'jax' } })],
])('%s is refused', async (_, path, change) => {
  const profile = change(await loadProfile('one-gpu')) as ProfileSpec;
  expect(paths({ base: 'Qwen/Qwen3-0.6B', lora: null }, profile)).toEqual([path]);
});

test('rollouts overlap with training only where each has its own devices', async () => {
  const shipped = await Promise.all(shippedProfiles().map((name) => loadProfile(name)));
  const pipeline = { mode: 'async', scheduler: { kind: 'synchronous' } } as const;
  for (const profile of shipped) {
    const policy = profile.rollout.server === 'vllm' ? { base: profile.model.name, lora: null } : ADAPTER;
    const found = misfits({ policy, pipeline }, profile).map(({ path }) => path);
    expect(found, profile.name).toEqual(profile.colocated ? ['pipeline.mode'] : []);
  }
  expect(new Set(shipped.map(({ colocated }) => colocated))).toEqual(new Set([true, false]));
  expect(misfits({ policy: ADAPTER, pipeline }, undefined)).toEqual([]);
});
