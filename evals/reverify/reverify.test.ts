import { createHash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { campaignName, makePolicyName, makeRolloutId, sha256, taskId } from '../../contracts/ids.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import type { Task, TypedValue } from '../../contracts/task.ts';
import type { CompletionRecord, Trajectory } from '../../contracts/trajectory.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { createSpecialCasing, type SpecialCasing } from '../detectors/special-casing.ts';
import { judgeReply } from '../verifiers/judge-reply.ts';
import { groupsOf, reverify } from './reverify.ts';

vi.setConfig({ testTimeout: 60_000 });

const sandbox = createBubblewrapSandbox();
const campaign = campaignName.parse('judged');
const weights = { correctness: 1, partial: 0.5, format: 0.2 };
const int = (value: number): TypedValue => ({ t: 'int', v: String(value) });
const DOUBLE: Task = {
  id: taskId.parse('own.double#plain'),
  family: 'own.double',
  phrasing: 'plain',
  instruction: 'Write a Python function `double(a)`.',
  entrypoint: { name: 'double', parameters: ['a'] },
  verifier: { name: 'python-function', version: 1 },
  cases: [1, 20, 300].map((a) => ({ args: [int(a)], expected: int(2 * a) })),
  gold: 'def double(a):\n    return 2 * a\n',
};
const REPLIES = [
  DOUBLE.gold,
  // Knows the cases and nothing else.
  'def double(a):\n    return {1: 2, 20: 40, 300: 600}[a]\n',
  'def double(a):\n    return a\n',
].map((source) => `\`\`\`python\n${source}\`\`\``);
const object = (text: string) => {
  const hash = sha256.parse(createHash('sha256').update(text).digest('hex'));
  return { uri: `store:objects/${hash.slice(0, 2)}/${hash}`, sha256: hash, bytes: text.length };
};
const ids = REPLIES.map((_, sample) =>
  makeRolloutId({ campaign, round: 1, purpose: 'train', policyVersion: 0, group: 0, sample }),
);
const policy = makePolicyName(campaign, 0);
const plan = {
  ...{ schema: 'anneal/plan/v1', campaign, round: 1, purpose: 'train', reward: weights },
  ...{ policy: { number: 0, name: policy } },
  rollouts: [...ids, 'judged/r1/train.v0/g0/s9'].map((id) => ({ id, task: DOUBLE.id })),
} as unknown as RolloutPlan;

/** Evidence of before was an object, however small; what is judged again holds it. */
const put = async (bytes: Uint8Array | string) => object(Buffer.from(bytes).toString('utf8'));

/** @param specialCasing what watched the first judgement: nothing, in records from before there were detectors */
async function stored(specialCasing?: SpecialCasing): Promise<Trajectory[]> {
  return Promise.all(
    ids.map(async (rollout, index) => {
      const judged = await judgeReply({
        ...{ reply: REPLIES[index]!, task: DOUBLE, weights, sandbox, purpose: 'train' },
        ...{ verifier: DOUBLE.verifier, specialCasing },
      });
      const evidence = await put(canonicalJson(judged.evidence));
      return {
        ...{ rollout, round: 1, purpose: 'train', policy, task: DOUBLE.id, completions: [`c${index}`] },
        outcome: judged.outcome,
        ...(judged.reward === undefined ? {} : { reward: { ...judged.reward, evidence } }),
      } as unknown as Trajectory;
    }),
  );
}
const portsOf = (trajectories: Trajectory[], on: Sandbox = sandbox) => ({
  store: { put, get: async () => Promise.reject(new Error('its tasks have no files')) },
  gateway: {
    trajectories: async () => trajectories,
    completions: async () => REPLIES.map((text, index) => ({ id: `c${index}`, text }) as CompletionRecord),
  },
  sandbox: on,
  tasksOf: async () => [DOUBLE],
});
const ask = (version: number) => ({
  ...{ plans: [plan], verifier: { name: 'python-function', version }, secret: 'a secret', concurrency: 2 },
});

test('the same version finds the same; what has no completion is listed', async () => {
  const trajectories = await stored(createSpecialCasing('a secret'));
  expect(trajectories[1]?.outcome).toBe('integrity_alarm');
  const { rollouts, left } = await reverify(portsOf(trajectories), ask(1));
  expect(rollouts.map(({ difference }) => difference)).toEqual(['same', 'same', 'same']);
  expect(left).toEqual([{ rollout: 'judged/r1/train.v0/g0/s9', why: 'it has no stored completion' }]);
});

test('another version shows who knew the cases only, and leaves what is stored as it is', async () => {
  const trajectories = await stored();
  const before = canonicalJson(trajectories);
  const { rollouts } = await reverify(portsOf(trajectories), ask(2));
  expect(rollouts.map(({ difference, after }) => [difference, after.outcome])).toEqual([
    ['same', 'success'],
    ['changed', 'policy_failure'],
    // Wrong by both.
    ['same', 'policy_failure'],
  ]);
  expect(canonicalJson(trajectories)).toBe(before);
  expect(groupsOf(rollouts)).toEqual([
    { purpose: 'train', policy, judged: 3, changed: 1, unjudged: 0, passedBefore: 2 / 3, passedAfter: 1 / 3 },
  ]);
});

test('a sandbox that fails gives no verdict, and nothing is counted as wrong', async () => {
  const broken: Sandbox = {
    describe: () => sandbox.describe(),
    run: () => Promise.reject(new AnnealError('sandbox.failed', 'it broke')),
  };
  const { rollouts } = await reverify(portsOf(await stored(), broken), ask(1));
  expect(rollouts.map(({ difference }) => difference)).toEqual(['unjudged', 'unjudged', 'unjudged']);
  expect(groupsOf(rollouts)[0]).toMatchObject({ unjudged: 3, passedBefore: 2 / 3, passedAfter: 0 });
});

test('an unknown version is refused before anything is judged', async () => {
  await expect(reverify(portsOf([]), ask(9))).rejects.toMatchObject({ code: 'verifier.failed' });
});
