// A rollout that was answered by several versions, as where its requests go to the newest that is served: each of its completions trains with the
// log-probabilities and the age of the version that sampled it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { completionId, makePolicyName } from '../contracts/ids.ts';
import { batchSample } from '../contracts/job.ts';
import type { PlanHandle } from '../contracts/plan.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import { type RecordedCampaign, recordCampaign } from '../tests/support/recorded-campaign.ts';

let root: string;
let campaign: RecordedCampaign;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'anneal-mixed-'));
  campaign = await recordCampaign(root);
  await campaign.start();
});
afterEach(() => rm(root, { recursive: true, force: true }));

const versioned = (number: number): PolicyVersion => ({
  ...campaign.state.policies[0]!,
  ...{ number, name: makePolicyName(campaign.spec.name, number) },
});

/** The plan's first rollout has two completions: the second by this version, with log-probabilities of its own. */
async function mix(plan: PlanHandle, version: number): Promise<void> {
  const { pool, documents, spec } = campaign;
  const first = (await documents.plan(plan.plan)).rollouts[0]!.id;
  const said = pool.completions.find(({ rollout }) => rollout === first)!;
  const id = completionId.parse(`${first}/c1`);
  const policy = makePolicyName(spec.name, version);
  pool.completions.push({ ...said, id, index: 1, policy, completionIds: [6, 7, 8], logprobs: [-2, -2, -2] });
  const told = pool.trajectories.find(({ rollout }) => rollout === first)!;
  Object.assign(told, { completions: [...told.completions, id], episode: campaign.state.spec });
}

async function assembled(plan: PlanHandle, from: number) {
  const { activities, state, store } = campaign;
  const made = await activities.assembleBatch({
    ...{ spec: state.spec, plan: plan.plan, round: 1, from: versioned(from), to: from + 1 },
  });
  const text = new TextDecoder().decode(await store.get(made.document!.inputs.batch));
  const lines = text.trim().split('\n');
  return { ...made, samples: lines.map((line) => batchSample.parse(JSON.parse(line))) };
}

test('each completion is a line with its own version and its own log-probabilities', async () => {
  const plan = await campaign.roll();
  await mix(plan, 1);
  const { samples, sampled, document, ledger } = await assembled(plan, 2);
  const [first, second, ...others] = samples;
  expect([first!.completion, first!.policyVersion, first!.logprobs]).toEqual([0, 0, [-1, -1]]);
  expect([second!.completion, second!.policyVersion, second!.logprobs]).toEqual([1, 1, [-2, -2, -2]]);
  expect(second!.id).toBe(first!.id);
  expect(second!.advantage).toBe(first!.advantage);
  expect(new Set(others.map(({ policyVersion }) => policyVersion))).toEqual(new Set([0]));
  // By its oldest completion.
  expect(document!.algorithm.maxStaleness).toBe(2);
  expect(sampled).toEqual({
    mixed: 1,
    versions: [
      { version: 0, completions: ledger.trained, tokens: 2 * ledger.trained },
      { version: 1, completions: 1, tokens: 3 },
    ],
  });
});

test('nothing is said of a round whose tokens are all of the version that it trains from', async () => {
  expect((await assembled(await campaign.roll(), 0)).sampled).toBeUndefined();
});
