// A batch out of the tables is, to the byte, the one that the round's training job was given, whatever became of its rollouts.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { Documents } from '../../activities/read.ts';
import { createTrainingActivities } from '../../activities/training.ts';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { type CampaignName, makePolicyName } from '../../contracts/ids.ts';
import { batchSample, type JobRunner } from '../../contracts/job.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import type { PolicyVersion } from '../../contracts/policy-version.ts';
import type { ModelGateway } from '../../contracts/ports.ts';
import { type CompletionRecord, outcome, type Trajectory } from '../../contracts/trajectory.ts';
import { compact } from '../../gateway/pool/tables/compact.ts';
import { exportBatch } from '../../gateway/pool/tables/export-batch.ts';
import { ledgersOf } from '../../gateway/pool/tables/ledgers.ts';
import { openTables } from '../../gateway/pool/tables/open.ts';
import { createFolderTables } from '../../infra/store/table-files/folder.ts';
import { signalOf } from '../../policies/advantage.ts';
import { madeCompletion, madeSegment, madeSource, madeTrajectory } from '../support/made-up-pool.ts';
import { refOf, scriptedSpec } from '../support/scripted-activities.ts';
import { useTables } from '../support/use-tables.ts';

vi.setConfig({ testTimeout: 240_000 });
const used = useTables();
const campaign = 'made-up' as CampaignName;
const object = { uri: `store:objects/aa/${'a'.repeat(64)}`, sha256: 'a'.repeat(64), bytes: 2 };

function policyOf(number: number, weights?: string): PolicyVersion {
  return {
    ...{ campaign, number, name: makePolicyName(campaign, number), base: 'a-model', parent: null },
    ...{ adapter: null, adapterGguf: null, optimizer: null },
    ...(weights === undefined ? {} : { weights: { tag: weights as never, manifest: object as never } }),
  };
}

/** What may become of one rollout. */
const fate = fc.record({
  // Mostly what trains: the rest is masked by one thing or another.
  outcome: fc.constantFrom(...outcome.options, ...Array.from({ length: 20 }, () => 'success' as const)),
  reward: fc.constantFrom(undefined, 0.1, 0.3, 0.7, 1.2, 1.2),
  /** Completions; more than one only where steps are its way. */
  steps: fc.integer({ min: 0, max: 4 }),
  episode: fc.boolean(),
  tokens: fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7),
  textOnly: fc.constantFrom(...Array.from({ length: 9 }, () => false), true),
  otherWeights: fc.constantFrom(...Array.from({ length: 9 }, () => false), true),
  routed: fc.boolean(),
  /** An attempt that died before: it has records, and nothing names them. */
  diedBefore: fc.boolean(),
  missing: fc.constantFrom(
    ...Array.from({ length: 8 }, () => 'nothing' as const),
    'trajectory' as const,
    'completion' as const,
  ),
});
type Fate = typeof fate extends fc.Arbitrary<infer T> ? T : never;

const SAMPLES = 3;
const WEIGHTS = ['0-0123456789abcdef', '1-0123456789abcdef'];

/** @param version that each group began with */
function recordsOf(fates: readonly Fate[], version: (group: number) => number, weights: readonly string[]) {
  const completions: CompletionRecord[] = [];
  const trajectories: Trajectory[] = [];
  const ids: string[] = [];
  fates.forEach((one, n) => {
    const of = { group: Math.floor(n / SAMPLES), sample: n % SAMPLES };
    const [number, count] = [version(of.group), one.episode ? one.steps : Math.min(one.steps, 1)];
    const rollout = `made-up/r1/train.v${number}/g${of.group}/s${of.sample}` as CompletionRecord['rollout'];
    ids.push(rollout);
    const said = Array.from({ length: count + (one.diedBefore ? 1 : 0) }, (_, index) =>
      madeCompletion(
        { ...of, index, tokens: [7 + index, one.tokens + index] },
        {
          ...{ rollout, id: `${rollout}/c${index}` as CompletionRecord['id'] },
          ...(one.textOnly && index === count - 1 ? { fidelity: 'text-only' } : {}),
          ...(weights.length === 0
            ? {}
            : { weights: (one.otherWeights ? '9-0123456789abcdef' : weights[number]) as never }),
          ...(one.routed ? { routing: object as never } : {}),
        },
      ),
    );
    const named = one.diedBefore ? said.slice(1) : said;
    completions.push(...(one.missing === 'completion' ? said.slice(0, -1) : said));
    if (one.missing === 'trajectory') return;
    const { reward, ...made } = madeTrajectory(of);
    trajectories.push({
      ...made,
      ...{ rollout, outcome: one.outcome, completions: named.map(({ id }) => id) },
      tokens: { prompt: 7, completion: named.reduce((sum, { completionIds }) => sum + completionIds.length, 0) },
      ...(one.reward === undefined ? {} : { reward: { ...reward!, total: one.reward } }),
      ...(one.episode ? { episode: object as never } : {}),
    });
  });
  return { completions, trajectories, ids };
}

/** What the job of the round is given, and who was left out of it and why. */
async function jobsBatch(
  plan: RolloutPlan,
  spec: ReturnType<typeof scriptedSpec>,
  records: ReturnType<typeof recordsOf>,
) {
  let batch: string | undefined;
  const store = {
    put: async (bytes: string) => {
      batch = bytes;
      return refOf(bytes);
    },
  } as unknown as ArtifactStore;
  const documents = {
    ...{ plan: async () => plan, spec: async () => spec, profile: async () => undefined },
    write: async (value: unknown) => refOf(value),
  } as unknown as Documents;
  const gateway = {
    completions: async (prefix: string) => records.completions.filter(({ rollout }) => rollout.startsWith(prefix)),
    trajectories: async (prefix: string) => records.trajectories.filter(({ rollout }) => rollout.startsWith(prefix)),
  } as unknown as ModelGateway;
  const { assembleBatch } = createTrainingActivities({ store, documents, gateway, jobs: {} as JobRunner });
  const ref = refOf(plan);
  const { ledger } = await assembleBatch({ spec: ref, plan: ref, round: 1, from: plan.policy, to: 9 });
  return { batch, ledger };
}

const SPECS = [{}, { algorithm: 'grpo', advantage: 'mean-std' }, { algorithm: 'sft', minReward: 0.3 }].map(
  (training) => {
    const spec = scriptedSpec('made-up');
    return { ...spec, training: { ...spec.training, ...training } as typeof spec.training };
  },
);

test.each([
  ['of one version', false],
  ['of groups that began with several versions', true],
])('a batch %s', async (_what, overlapping) => {
  let lines = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fate, { minLength: 15, maxLength: 30 }),
      fc.constantFrom(...SPECS),
      fc.constantFrom([], WEIGHTS),
      async (fates, spec, weights) => {
        const records = recordsOf(fates, (group) => (overlapping ? group % 2 : 0), weights);
        const plan = {
          ...{ schema: 'anneal/plan/v1', campaign, round: 1, purpose: 'train', split: 'visible' },
          policy: policyOf(0, weights[0]),
          ...(overlapping ? { sampledBy: [policyOf(1, weights[1])] } : {}),
          ...{ tasks: object, harness: spec.harness, reward: spec.reward, timeoutMs: 1_000 },
          // As a scheduler took them: the order is the plan's, not the tables'.
          rollouts: records.ids
            .toReversed()
            .map((id) => ({ id, group: id.replace(/\/s\d+$/, ''), task: 't', seed: 1 })),
        } as unknown as RolloutPlan;
        const { batch, ledger } = await jobsBatch(plan, spec, records);
        const folder = join(used.folder, `${lines}-${Math.random()}`);
        const files = createFolderTables(join(folder, 'tables'), join(folder, 'tmp'));
        await compact(
          madeSource([
            madeSegment('completions', 1, records.completions),
            madeSegment('trajectories', 1, records.trajectories),
          ]),
          files,
        );
        const tables = used.later(await openTables(files));
        const out = join(folder, 'batch.jsonl');
        const exported = exportBatch(tables, plan, signalOf(spec.training), out);
        if (batch === undefined) {
          await expect(exported).rejects.toMatchObject({ code: 'pool.nothing' });
          return;
        }
        const written = batch.trim().split('\n');
        expect(await exported).toBe(written.length);
        expect(await readFile(out, 'utf8')).toBe(batch);
        expect(written.map((line) => batchSample.parse(JSON.parse(line))).length).toBe(written.length);
        lines += written.length;
        // Nor does the ledger of the tables know another number of them.
        const of = await ledgersOf(tables, campaign, [plan], signalOf(spec.training));
        expect([of.ledgers[0]?.counts.trainable, of.ledgers[0]?.strangers, of.strangers]).toEqual([
          ledger.trained,
          [],
          [],
        ]);
      },
    ),
    { numRuns: 12 },
  );
  expect(lines).toBeGreaterThan(20);
});
