// Patch tasks whose tests a tool runs, in campaigns: judged where the machine's graders have it, refused before the first round elsewhere.
import { expect, test, vi } from 'vitest';
import { type ArtifactSetLock, CONSTRUCTION_STEPS } from '../../../contracts/artifact-set.ts';
import type { ArtifactTask } from '../../../contracts/artifact-task.ts';
import { canonicalJson } from '../../../contracts/canonical.ts';
import type { RolloutId } from '../../../contracts/ids.ts';
import { lockName } from '../../../contracts/locked-set.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { LOCK_SIGNER } from '../../../tests/support/lock-signer.ts';
import { pytestTool } from '../../../tests/support/pytest-tool.ts';
import { openLockedSet } from '../../construction/campaign-set.ts';
import { lockSplits } from '../../construction/lock-artifacts.ts';
import { signLock } from '../../construction/signed-lock.ts';
import { PATCH_CORPUS, patchCorpusOf } from '../../hacks/patch/corpus.ts';
import { referenceTo, type Sample } from '../../hacks/variant.ts';
import { judgeTask } from '../judge-task.ts';
import { PATCH_FILE } from './check.ts';
import { type OpenTools, toolOf, whyNotRun } from './tools.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 240_000 });
const pytest = patchCorpusOf('pytest')[0]!;
const plain = PATCH_CORPUS[0]!;

test('a task names the tool that it needs, and is none where that is missing', () => {
  expect([toolOf(pytest.task), toolOf(plain.task)]).toEqual(['pytest', undefined]);
  expect(toolOf({ check: { file: 'answer.json' } })).toBeUndefined();
  expect(whyNotRun(pytest.task, new Set(['pytest']))).toBeUndefined();
  expect(whyNotRun(plain.task, new Set())).toBeUndefined();
  expect(whyNotRun(pytest.task, new Set())).toMatch(/pytest runs, which the graders here have not: .*ANNEAL_PYTHON/);
});

/** A reply to a training rollout. */
function judged({ task, given, gold }: Sample, tools?: OpenTools) {
  const files = new Map(Object.values(given).map((text) => [referenceTo(text).sha256, Buffer.from(text)]));
  return judgeTask(
    {
      ...{ sandbox: createBubblewrapSandbox(), secret: 'a secret', specialCasing: undefined, tools },
      load: async ({ sha256 }) => files.get(sha256)!,
    },
    {
      ...{ task, purpose: 'train', weights: { correctness: 1, partial: 0, format: 0 } },
      reply: { rollout: 'told/r1/train.v0/g0/s0' as RolloutId, text: String(gold[PATCH_FILE]), milliseconds: 5 },
    },
  );
}

test('a rollout is rewarded by tests that pytest runs; without it the sample is masked, and the tool is packed for no other task', async () => {
  const tool = await pytestTool();
  expect(await judged(pytest, async () => new Map([['pytest', tool]]))).toMatchObject({ outcome: 'success' });
  const without = await judged(pytest);
  expect(without).toMatchObject({ outcome: 'verifier_failure', reason: expect.stringContaining('need pytest') });
  expect(without.reward).toBeUndefined();
  const never: OpenTools = () => Promise.reject(new Error('packed'));
  expect(await judged(plain, never)).toMatchObject({ outcome: 'success' });
});

test('a locked set with such tasks is refused before the first round, with what to do', async () => {
  const { open, root } = await locked([pytest.task, plain.task]);
  expect((await open(root)).lock.kept).toBe(3);
  expect((await open(root, async () => new Map([['pytest', new Map()]]))).lock.kept).toBe(3);
  await expect(open(root, async () => new Map())).rejects.toMatchObject({
    code: 'task.invalid',
    message: expect.stringMatching(/^1 of 2 tasks cannot be judged: .* has tests that pytest runs, .*ANNEAL_PYTHON/),
  });
});

async function locked([visible, gate]: readonly [ArtifactTask, ArtifactTask]) {
  const objects = new Map<string, string>();
  const put = async (text: string) => {
    objects.set(referenceTo(text).sha256, text);
    return referenceTo(text);
  };
  const sealed = PATCH_CORPUS[1]!.task;
  const splits = await lockSplits({ visible: [visible], gate: [gate], sealed: [sealed] }, put);
  const lock: ArtifactSetLock = {
    ...{ schema: 'anneal/artifact-set/v1', name: 'patches', source: { kind: 'made', description: {} }, seed: 1 },
    ...{ ...splits, considered: 3, licences: ['Apache-2.0'], lineage: await put('{}') },
    dropped: Object.fromEntries(CONSTRUCTION_STEPS.map((step) => [step, 0])) as ArtifactSetLock['dropped'],
  };
  const ref = await put(canonicalJson(lock));
  const signature = { bytes: Buffer.from(''), tag: '' };
  const store = {
    swapNamed: async (_: string, __: unknown, text: string) => {
      signature.bytes = Buffer.from(text);
      return true;
    },
    get: async ({ sha256 }: { sha256: string }) => Buffer.from(objects.get(sha256)!),
    readNamed: async (key: string) =>
      key === lockName(lock.root) ? { bytes: Buffer.from(JSON.stringify(ref)), tag: '' } : signature,
  };
  await signLock(store, LOCK_SIGNER, { root: lock.root, lock: ref });
  const open = (root: ArtifactSetLock['root'], tools?: OpenTools) =>
    openLockedSet(root, store as never, { verifyBytes: LOCK_SIGNER.verifyBytes, tools });
  return { open, root: lock.root };
}
