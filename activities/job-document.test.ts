// What trainers are told. The documents for many GPUs are kept as a file that the trainer's own tests read
// (trainer/tests/test_megatron_layout.py): what is written here must be understood there.
import { expect, test } from 'vitest';
import { campaignSpec } from '../contracts/campaign.ts';
import { campaignName, makePolicyName, sha256 } from '../contracts/ids.ts';
import { jobDocument } from '../contracts/job.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import { makeWeightTag } from '../contracts/weight-update.ts';
import { loadProfile, shippedProfiles } from '../k8s/layout/shipped.ts';
import { type TrainingRequest, trainingDocument } from './job-document.ts';

const hash = sha256.parse('ab'.repeat(32));
const ref = { uri: `store:objects/ab/${hash}`, sha256: hash, bytes: 7 };
const campaign = campaignName.parse('demo');
const version = (change: Partial<PolicyVersion>): PolicyVersion => ({
  ...{ campaign, number: 1, name: makePolicyName(campaign, 1), base: 'any', parent: 0 },
  ...{ adapter: null, adapterGguf: null, optimizer: null },
  ...change,
});
const request = (policy: object, change: Partial<TrainingRequest>): TrainingRequest => ({
  spec: campaignSpec.parse({
    ...{ apiVersion: 'anneal/v1', kind: 'Campaign', name: campaign, seed: 3, rounds: 2, policy },
    tasks: { source: 'python-stdlib', modules: ['math'], splits: { visible: 0.5, gate: 0.25, sealed: 0.25 } },
    harness: { prompt: '{instruction}' },
    rollouts: { groupsPerRound: 2, groupSize: 2 },
    training: { learningRate: 0.000001 },
    budget: { tokens: 1, wallClock: '1h' },
  }),
  ...{ profile: undefined, round: 2, from: version({}), to: 2, temperature: 1, batch: ref },
  ...change,
});

test('an adapter is trained from the one before, with its moments', () => {
  const document = trainingDocument(
    request({ base: 'smollm2-135m-instruct' }, { from: version({ adapter: ref, optimizer: ref }) }),
  );
  expect(document).toMatchObject({
    model: { base: 'smollm2-135m-instruct', lora: { rank: 8 } },
    inputs: { batch: ref, adapter: ref, optimizer: ref },
    checkpointEverySteps: 1,
  });
  // What the CPU trainer does not know it refuses.
  for (const field of ['layout', 'export']) expect(document).not.toHaveProperty(field);
  expect(document.inputs).not.toHaveProperty('weights');
  expect(jobDocument.parse(document)).toEqual(document);
});

test('a whole model is trained from the weights before, as the profile divides it', async () => {
  const weights = { tag: makeWeightTag(1, hash), manifest: ref };
  const documents: Record<string, unknown> = {};
  for (const name of shippedProfiles()) {
    const profile = await loadProfile(name);
    if (profile.rollout.server !== 'vllm') continue;
    const document = trainingDocument(
      request({ base: profile.model.name, lora: null }, { profile, from: version({ weights }) }),
    );
    expect(jobDocument.parse(document)).toEqual(document);
    documents[name] = document;
  }
  expect(Object.keys(documents).length).toBeGreaterThan(3);
  await expect(`${JSON.stringify(documents, undefined, 2)}\n`).toMatchFileSnapshot(
    '../tests/fixtures/megatron-jobs.json',
  );
});

test('without weights to begin with, or without a profile, there is no document', async () => {
  const whole = { base: 'Qwen/Qwen3-0.6B', lora: null };
  const profile = await loadProfile('one-gpu');
  expect(() => trainingDocument(request(whole, { profile }))).toThrow(/demo\.v1 has no weights/);
  const weights = { tag: makeWeightTag(1, hash), manifest: ref };
  expect(() => trainingDocument(request(whole, { from: version({ weights }) }))).toThrow(/without a profile/);
});
