// One rollout, one reward: a worker that dies around its record, a second one whose machine judges otherwise, and both at a time. The pool
// and the judging are real; what happens to the first worker is by script.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AnnealError } from '../contracts/errors.ts';
import { campaignName, makePolicyName, makeRolloutId } from '../contracts/ids.ts';
import type { RolloutPlan } from '../contracts/plan.ts';
import type { ModelGateway, Sandbox } from '../contracts/ports.ts';
import { referenceTo, sampleTask } from '../evals/hacks/variant.ts';
import { type EmbeddedGateway, openEmbeddedGateway } from '../gateway/embedded.ts';
import type { Engines } from '../gateway/engine.ts';
import { createBubblewrapSandbox } from '../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { createRolloutActivities } from './rollouts.ts';

vi.setConfig({ testTimeout: 60_000 });
const GOLD = 'def double(a):\n    return 2 * a\n';
const task = sampleTask({
  ...{ name: 'double', format: 'program', verifier: { name: 'program', version: 2 } },
  instruction: 'Write double(a).',
  check: {
    ...{ kind: 'function', language: 'python', file: 'solution.py', entry: 'double', secretInputs: null },
    cases: [{ args: [{ t: 'int', v: '3' }], expected: { t: 'int', v: '6' } }],
  },
  deliverables: [{ path: 'solution.py', maxBytes: 1_000, required: true }],
  gold: { 'solution.py': GOLD },
});
const campaign = campaignName.parse('once');
const policy = makePolicyName(campaign, 0);
const id = makeRolloutId({ campaign, round: 0, purpose: 'gate', policyVersion: 0, group: 0, sample: 1 });
const plan = {
  ...{ campaign, round: 0, purpose: 'gate', split: 'gate', policy: { name: policy, number: 0 } },
  ...{ harness: { system: '', prompt: '{instruction}', maxTokens: 64, temperature: 0 }, timeoutMs: 5_000 },
  reward: { correctness: 1, partial: 0, format: 0.2 },
  rollouts: [{ id, group: 'g', task: task.id, seed: 1 }],
} as unknown as RolloutPlan;
const at = { plan: referenceTo('a plan'), index: 0 };

const engines: Engines = {
  generate: async (model) => ({
    ...{ model, promptIds: [1], completionIds: [2, 3], logprobs: [-0.5, -0.5], fidelity: 'token-exact' },
    ...{ text: `\`\`\`python\n${GOLD}\`\`\``, finish: 'stop' },
  }),
  list: async () => [policy],
  forget: () => undefined,
  close: () => undefined,
};
const whole = createBubblewrapSandbox();
/** Of a machine that is at fault: what is judged here is masked. */
const broken: Sandbox = {
  describe: () => whole.describe(),
  run: () => Promise.reject(new AnnealError('sandbox.failed', 'it broke')),
};

let dir: string;
let pool: EmbeddedGateway;
const open = () => openEmbeddedGateway({ dir: join(dir, 'pool'), engines, log: () => undefined });
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'anneal-recorded-'));
  pool = await open();
});
afterEach(async () => {
  await pool.close();
  await rm(dir, { recursive: true, force: true });
});

function workerOn(sandbox: Sandbox, gateway: ModelGateway = pool) {
  const act = createRolloutActivities({
    ...{ store: createFolderStore(join(dir, 'store')), gateway, sandbox },
    documents: { plan: async () => plan, split: async () => ({ tasks: [task] }) } as never,
    policies: { serve: async () => ({ lost: [] }), ensure: async () => undefined, repair: async () => undefined },
  });
  const context = { info: { attempt: 1 }, cancellationSignal: new AbortController().signal } as unknown as Context;
  const within = <T>(run: () => Promise<T>): Promise<T> => asyncLocalStorage.run(context, run);
  return {
    generate: () => within(() => act.generate(at)),
    grade: () => within(() => act.grade(at)),
    play: () => within(() => act.play({ plan: at.plan, indices: [0] })),
    mask: () => within(() => act.mask({ ...at, outcome: 'verifier_failure', reason: 'verifier.failed' })),
  };
}
const outcomes = async () => (await pool.trajectories(`${campaign}/`)).map(({ outcome }) => outcome);
const died = new Error('killed');

test('judged again by a machine that judges otherwise, the first record stands, and nobody is told of a conflict', async () => {
  const first = workerOn(whole);
  await first.generate();
  expect(await first.grade()).toMatchObject({ milliseconds: expect.any(Number) });
  const before = await pool.trajectories(id);
  expect(before).toMatchObject([{ outcome: 'success', reward: { total: expect.any(Number) } }]);
  // What is on record is read from its file, as after a restart of the gateway.
  await pool.close();
  pool = await open();
  const second = workerOn(broken);
  expect(await second.grade()).toBeUndefined();
  expect(await second.play()).toMatchObject({ played: 1, tokens: 2 });
  expect(await second.mask()).toEqual({ masked: false });
  expect(await pool.trajectories(id)).toEqual(before);
});

test('a mask stands as well: its sample is not rewarded later', async () => {
  const first = workerOn(broken);
  await first.generate();
  await first.grade();
  expect(await outcomes()).toEqual(['infrastructure_failure']);
  await workerOn(whole).grade();
  expect(await outcomes()).toEqual(['infrastructure_failure']);
});

test.each([
  ['just before its record', async () => Promise.reject(died), 'infrastructure_failure'],
  [
    'just after its record',
    async (record: Parameters<ModelGateway['recordTrajectory']>[0]) => {
      await pool.recordTrajectory(record);
      throw died;
    },
    'success',
  ],
] as const)('a worker that dies %s leaves one judgement', async (_, recordTrajectory, expected) => {
  const first = workerOn(whole, { ...pool, recordTrajectory });
  await first.generate();
  await expect(first.grade()).rejects.toBe(died);
  await workerOn(broken).grade();
  expect(await outcomes()).toEqual([expected]);
});

test('of two that judge at a time the first to record is right, and the other is done as well', async () => {
  await workerOn(whole).generate();
  const slow = Promise.withResolvers<void>();
  const late = workerOn(broken, {
    ...pool,
    async recordTrajectory(record) {
      await slow.promise;
      await pool.recordTrajectory(record);
    },
  });
  const second = late.grade();
  await workerOn(whole).grade();
  slow.resolve();
  await second;
  expect(await outcomes()).toEqual(['success']);
});

test('what is on record under its id about another task is a conflict, not its reward', async () => {
  const first = workerOn(whole);
  await first.generate();
  await first.grade();
  const other = { ...plan, rollouts: [{ ...plan.rollouts[0]!, task: 'hacks/program/other' as never }] };
  const { grade } = createRolloutActivities({
    ...{ store: createFolderStore(join(dir, 'store')), gateway: pool, sandbox: whole, policies: undefined as never },
    documents: {
      plan: async () => other,
      split: async () => ({ tasks: [{ ...task, id: 'hacks/program/other' }] }),
    } as never,
  });
  await expect(grade(at)).rejects.toMatchObject({ code: 'gateway.conflict' });
});
