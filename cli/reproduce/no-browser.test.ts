// A campaign with decks, run again where nothing can show them: that is what is told.
import { expect, test } from 'vitest';
import type { Documents } from '../../activities/read.ts';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import type { Browser } from '../../contracts/browser.ts';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { campaignName, makePolicyName, makeRolloutId } from '../../contracts/ids.ts';
import type { LockedSet } from '../../contracts/locked-set.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import type { ModelGateway } from '../../contracts/ports.ts';
import { SLIDES_CORPUS } from '../../evals/hacks/slides/corpus.ts';
import { referenceTo } from '../../evals/hacks/variant.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { LOCK_SIGNER } from '../../tests/support/lock-signer.ts';
import { rebuildArtifacts } from './artifact-tasks.ts';
import { browserMissing } from './no-browser.ts';
import { type Again, rejudge } from './results.ts';

const sample = SLIDES_CORPUS[0]!;
const rubric = { about: 'a deck', criteria: [{ name: 'clear', asks: 'Is it clear?', weight: 1 }] };
const deck = {
  ...sample.task,
  check: { ...(sample.task.check as object), rubric, judgedByRulesAlone: false },
} as typeof sample.task;
const campaign = campaignName.parse('decks');
const rollout = makeRolloutId({ campaign, round: 1, purpose: 'train', policyVersion: 0, group: 0, sample: 0 });
const policy = makePolicyName(campaign, 0);
const ref = referenceTo('what stands there is not looked at');
const plan = {
  ...{ campaign, round: 1, purpose: 'train', tasks: ref, policy: { number: 0, name: policy } },
  ...{ reward: { correctness: 1, partial: 0, format: 0.2 }, rollouts: [{ id: rollout, task: deck.id }] },
} as unknown as RolloutPlan;
const reward = { total: 1.2, verifier: deck.verifier, components: { format: 1, correctness: 1, partial: 1 } };
const gateway = {
  trajectories: async () => [
    {
      ...{ rollout, round: 1, purpose: 'train', policy, task: deck.id, completions: ['c0'], outcome: 'success' },
      reward: { ...reward, evidence: ref },
    },
  ],
  completions: async () => [{ id: 'c0', text: sample.gold['deck.html'], milliseconds: 1 }],
} as unknown as ModelGateway;
const given = new Map(Object.values(sample.given).map((data) => [referenceTo(data).sha256, Buffer.from(data)]));

const againWith = (browser: Browser | null): Again => ({
  ...{ gateway, sandbox: createBubblewrapSandbox(), browser, signal: new AbortController().signal },
  store: {
    get: async ({ sha256 }: ArtifactRef) => given.get(sha256)!,
    put: async (bytes: string) => referenceTo(bytes),
    readNamed: async () => ({ bytes: Buffer.from(JSON.stringify(ref)), tag: '' }),
  } as unknown as ArtifactStore,
  documents: {
    split: async () => ({ split: 'visible', tasks: [deck] }),
    read: async () => ({ schema: 'anneal/source-files/v1', read: [] }),
  } as unknown as Documents,
  judges: { of: async () => undefined, ofRollout: async () => undefined, unheard: () => 0 } as never,
  verifyBytes: LOCK_SIGNER.verifyBytes,
  onProgress: () => undefined,
});
const absent = (code: AnnealError['code']) =>
  ({ describe: () => Promise.reject(new AnnealError(code, 'Chromium is not installed')) }) as unknown as Browser;

test.each([
  ['pods', null, 'only where sandboxes are this machine’s own'],
  ['a machine without one', absent('sandbox.unavailable'), 'Chromium is not installed'],
])('on %s, its rewards are left, and neither differ nor wait for a judge', async (_, browser, why) => {
  expect(await rejudge(againWith(browser), [plan], 'a secret')).toEqual([
    { part: 'rewards', verdict: 'left', why: 'none could be made again' },
    {
      ...{ part: 'browser', verdict: 'left' },
      why: expect.stringMatching(new RegExp(`^1 rollouts are judged by how they look, and not here: .*${why}`)),
    },
  ]);
  const spec = { name: campaign, tasks: { source: 'artifact-set', build: {} } } as unknown as CampaignSpec;
  const lock = { splits: { visible: { object: ref }, gate: { object: ref } } } as unknown as LockedSet;
  expect(await rebuildArtifacts(againWith(browser), spec, lock)).toMatchObject({
    ...{ part: 'task set', verdict: 'left', why: expect.stringContaining('takes a browser: ') },
  });
});

test('nothing is missing where nothing is shown, or a browser is there; one that breaks is another matter', async () => {
  const present = { describe: async () => 'Chromium 1' } as unknown as Browser;
  expect(await browserMissing([deck], present)).toBeUndefined();
  expect(await browserMissing([{ ...deck, format: 'answer' }], null)).toBeUndefined();
  await expect(browserMissing([deck], absent('sandbox.failed'))).rejects.toMatchObject({ code: 'sandbox.failed' });
});
