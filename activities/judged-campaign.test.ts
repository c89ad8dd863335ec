// A campaign whose tasks have rubrics: its *scripted* judge is measured, certifies its set, and judges replies of a policy by script. The
// store, the source, the verifier and the judge's HTTP are the real ones.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import { artifactSplit } from '../contracts/artifact-set.ts';
import { type CampaignSpec, tasksSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { completionId } from '../contracts/ids.ts';
import { calibratedJudge, judgeExchange, judgeSpec } from '../contracts/judge.ts';
import { judgement } from '../contracts/judgement.ts';
import { lockName, sourceFilesName } from '../contracts/locked-set.ts';
import { calibratedJudgeName, calibrationSetName } from '../contracts/names.ts';
import type { ModelGateway, Sandbox } from '../contracts/ports.ts';
import { type CompletionRecord, type Trajectory, trajectory } from '../contracts/trajectory.ts';
import { signLock } from '../evals/construction/signed-lock.ts';
import { textOf } from '../evals/held.ts';
import { reverify } from '../evals/reverify/reverify.ts';
import { openJudge } from '../infra/judge-model/open.ts';
import { carrySource, layOutSource } from '../infra/source-files/carry.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { QUESTION_CRITERIA, questionOn } from '../tests/support/judged-question.ts';
import { LOCK_SIGNER } from '../tests/support/lock-signer.ts';
import { firstState, scriptedSpec } from '../tests/support/scripted-activities.ts';
import { type AskedOfJudge, type ScriptedJudge, startScriptedJudge } from '../tests/support/scripted-judge.ts';
import { createConstructionActivities } from './construction.ts';
import { createJudges, createJudgingActivities } from './judges.ts';
import { createDocuments, type Documents } from './read.ts';
import { createRolloutActivities } from './rollouts.ts';

vi.setConfig({ testTimeout: 120_000 });
/** Nothing of these tasks is run. */
const sandbox: Sandbox = { describe: async () => 'none', run: () => Promise.reject(new Error('nothing is run')) };
const within = <T>(run: () => Promise<T>): Promise<T> =>
  asyncLocalStorage.run(
    { cancellationSignal: new AbortController().signal, heartbeat: () => undefined } as unknown as Context,
    run,
  );

let folder: string;
let store: ArtifactStore;
let documents: Documents;
let judge: ScriptedJudge;
let says: (asked: AskedOfJudge) => boolean | string | number;
/** Good answers say why. */
const fair = ({ artifact }: AskedOfJudge): boolean => /^Because /.test(artifact);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-judged-'));
  store = createFolderStore(join(folder, 'store'));
  documents = createDocuments(store);
  says = fair;
  judge = await startScriptedJudge((asked) => says(asked));
});
afterEach(async () => {
  await judge.close();
  await rm(folder, { recursive: true, force: true });
});

const TOPICS = ['pears', 'kilns', 'ferries', 'clocks', 'bridges', 'lamps', 'wells', 'looms', 'mills'];
const SET = canonicalJson({
  schema: 'anneal/judge-calibration-set/v1',
  rubrics: [
    {
      criteria: QUESTION_CRITERIA,
      items: Array.from({ length: 40 }, (_, at) => ({
        about: 'Why was it given up?',
        text: at % 2 === 0 ? `Because reason ${at}.` : `I do not know, ${at} times.`,
        right: at % 2 === 0,
      })),
    },
  ],
});

async function submitted(
  change: { judge?: boolean; tasks?: object } = {},
): Promise<{ spec: CampaignSpec; ref: ArtifactRef }> {
  await writeFile(join(folder, 'q.jsonl'), TOPICS.map((topic) => JSON.stringify(questionOn(topic))).join('\n'));
  const build = { from: { kind: 'open-questions', file: 'q.jsonl' }, alike: 1 };
  const named = { endpoint: judge.endpoint, model: 'judge-8b', family: 'scripted', calibration: 'set.json' };
  const spec = scriptedSpec('judged', {
    tasks: tasksSpec.parse(change.tasks ?? { source: 'artifact-set', build }),
    ...(change.judge === false ? {} : { judge: judgeSpec.parse(named) }),
  });
  await store.createNamed(
    sourceFilesName(spec.name),
    JSON.stringify(await store.put(canonicalJson(await carrySource(folder, ['q.jsonl'], store)))),
  );
  await store.createNamed(calibrationSetName(spec.name), SET);
  return { spec, ref: await documents.write(spec) };
}
const activities = (of: { keys?: string } = {}) => {
  const open = openJudge(of.keys);
  const judges = createJudges(store, documents, open);
  return {
    judges,
    ...createJudgingActivities({ store, documents, open }),
    ...createConstructionActivities({
      ...{ store, documents, sandbox, judges, parallel: 2, verifyBytes: LOCK_SIGNER.verifyBytes },
      layOut: (files) => layOutSource(files, store),
    }),
  };
};

/** Answers each rollout by script. */
function gatewayOf(answers: (index: number, gold: string) => string, ref: () => ArtifactRef) {
  const [records, kept]: [CompletionRecord[], Trajectory[]] = [[], []];
  const gateway: ModelGateway = {
    async complete({ rollout, messages }) {
      const prompt = messages.at(-1)!.content;
      const lock = await documents.lock(ref());
      const { tasks } = artifactSplit.parse(await documents.splitOf(lock, 'visible'));
      const task = tasks.find(({ instruction }) => prompt.startsWith(instruction))!;
      const gold = Buffer.from(await store.get(task.gold['answer.json']!)).toString();
      const text = `\`\`\`json\n${answers(records.length, gold)}\n\`\`\``;
      const record = { id: completionId.parse(`${rollout}/c0`), rollout, text, finish: 'stop', milliseconds: 5 };
      records.push({ ...record, promptIds: [1], completionIds: [2, 3] } as unknown as CompletionRecord);
      return records.at(-1)!;
    },
    recordTrajectory: async (one) => void kept.push(trajectory.parse(one)),
    completions: async (prefix) => records.filter((one) => one.rollout.startsWith(prefix)),
    operations: async () => [],
    trajectories: async (prefix) => kept.filter((one) => one.rollout.startsWith(prefix)),
  };
  return { gateway, kept };
}
const evidenceOf = async (one: Trajectory) => judgement.parse(JSON.parse(await textOf(store, one.reward!.evidence)));

test('the judge is measured, certifies the set, and judges: a verdict is rewarded, what is none is masked', async () => {
  const { spec, ref } = await submitted();
  const { calibrateJudge, buildTaskSet, judges } = activities();
  const measured = await within(() => calibrateJudge({ campaign: spec.name, spec: ref }));
  const known = await documents.read(calibratedJudge, measured);
  expect(known).toMatchObject({
    ...{ policy: { model: 'smollm2-135m-instruct', family: 'smollm' } },
    calibrations: [{ right: { accepted: 20, of: 20 }, wrong: { rejected: 20, of: 20 }, unreadable: 0 }],
  });
  const questions = judge.asked.length;
  expect(await within(() => calibrateJudge({ campaign: spec.name, spec: ref }))).toEqual(measured);
  expect(judge.asked).toHaveLength(questions);
  const taskSet = await within(() => buildTaskSet({ campaign: spec.name, spec: ref }));
  expect((await documents.lock(taskSet)).kept).toBe(TOPICS.length);

  const replies = [
    (gold: string) => gold,
    (gold: string) => gold.replace('Because nobody was left who', 'It is said that somebody'),
    (gold: string) => gold.replace('Because', 'Because garbage:'),
    (gold: string) => gold.replace('Because', 'Because nobody answers:'),
    (gold: string) => gold.replaceAll('Nobody mended', 'Somebody mended'),
  ];
  says = (asked) =>
    asked.artifact.includes('garbage') ? 'It is fine.' : asked.artifact.includes('nobody answers') ? 400 : fair(asked);
  const { gateway, kept } = gatewayOf(
    (index, gold) => replies[index % replies.length]!(gold),
    () => taskSet,
  );
  const policies = { serve: async () => ({ lost: [] }), ensure: async () => undefined, repair: async () => undefined };
  const act = createRolloutActivities({ store, documents, gateway, policies, sandbox, judges, secret: 'a secret' });
  const policy = firstState(spec).policies[0]!;
  const handle = await act.planEvaluation({ spec: ref, taskSet, round: 0, split: 'visible', policy });
  expect(handle.rollouts).toBeGreaterThanOrEqual(replies.length);
  for (let index = 0; index < replies.length; index += 1) {
    await within(() => act.generate({ plan: handle.plan, index }));
    await within(() => act.grade({ plan: handle.plan, index }));
  }
  expect(kept.map(({ outcome }) => outcome)).toEqual([
    'success',
    'policy_failure',
    'verifier_failure',
    'verifier_failure',
    'policy_failure',
  ]);
  expect(kept[0]).toMatchObject({
    reward: { total: 1.1, components: { correctness: 1 }, verifier: { name: 'answer', version: 3 } },
  });
  expect(kept[1]).toMatchObject({ reward: { components: { correctness: 0 } } });
  expect(kept.slice(2, 4).every(({ reward }) => reward === undefined)).toBe(true);
  expect(kept[2]!.reason).toContain('answered with something that is no verdict: "It is fine."');
  expect(kept[3]!.reason).toMatch(/^judge\.unavailable: the judge judge-8b gave no answer/);
  // A broken gate is judged by no model.
  expect(judge.asked.some(({ artifact }) => artifact.includes('Somebody mended'))).toBe(false);

  const { seen } = await evidenceOf(kept[0]!);
  const said = (seen as { judge: { model: string; question: string; reply: string } }).judge;
  expect(said).toMatchObject({ model: 'judge-8b', family: 'scripted', setup: known.calibrations[0]!.judge.setup });
  const named = await store.readNamed(`campaigns/judged/judged/${said.question}`);
  const exchange = await documents.read(judgeExchange, JSON.parse(Buffer.from(named!.bytes).toString()));
  expect(exchange).toMatchObject({ model: 'judge-8b', reply: said.reply });
  expect(exchange.question.user).toContain('Because nobody was left who could mend');

  // Judged again where nobody answers any more: what was said is found.
  await judge.close();
  const again = await reverify(
    {
      ...{ store, gateway, sandbox, judgeOf: activities().judges.ofRollout },
      tasksOf: async (plan) => (await documents.split(plan.tasks)).tasks,
    },
    {
      ...{ verifier: { name: 'answer', version: 3 }, secret: 'a secret', concurrency: 1 },
      plans: [
        { ...(await documents.plan(handle.plan)), rollouts: (await documents.plan(handle.plan)).rollouts.slice(0, 2) },
      ],
    },
  );
  expect(again.rollouts.map(({ difference }) => difference)).toEqual(['same', 'same']);
});

test.each<[string, (asked: AskedOfJudge) => boolean | string, string]>([
  ['is fooled', () => true, '12 of 12 planted null answers'],
  [
    'knows too little',
    (asked) => fair(asked) && !/[48]\.$/.test(asked.artifact),
    'accepts 12 of 20 right artifacts (60.0%)',
  ],
  ['talks', () => 'Both are fine.', 'no verdict'],
])('a judge that %s is refused before anything is built, with what was measured', async (_, how, words) => {
  const { spec, ref } = await submitted();
  says = how;
  const { calibrateJudge, judges } = activities();
  const refused = await within(() => calibrateJudge({ campaign: spec.name, spec: ref })).catch(
    (failure: Error) => failure,
  );
  expect(refused).toMatchObject({ code: 'judge.refused', message: expect.stringContaining(words) });
  expect(await store.readNamed(calibratedJudgeName(spec.name))).toBeUndefined();
  expect(await judges.of(spec.name)).toBeUndefined();
  // Its answers are on record; one that is better now is measured anew.
  const object = /store:(objects\/[0-9a-f]{2}\/[0-9a-f]{64})/.exec((refused as Error).message)![1]!;
  expect(JSON.parse(await readFile(join(folder, 'store', object), 'utf8')).answers).toHaveLength(40);
  says = fair;
  await within(() => calibrateJudge({ campaign: spec.name, spec: ref }));
  expect(await judges.of(spec.name)).toBeDefined();
});

test('a judge that is away is waited for, not refused, and nothing is dropped for it', async () => {
  const { spec, ref } = await submitted();
  const { calibrateJudge, buildTaskSet } = activities();
  says = () => 400;
  await expect(within(() => calibrateJudge({ campaign: spec.name, spec: ref }))).rejects.toMatchObject({
    code: 'judge.unavailable',
  });
  says = fair;
  await within(() => calibrateJudge({ campaign: spec.name, spec: ref }));
  says = () => 400;
  await expect(within(() => buildTaskSet({ campaign: spec.name, spec: ref }))).rejects.toMatchObject({
    code: 'judge.unavailable',
  });
  says = fair;
  const taskSet = await within(() => buildTaskSet({ campaign: spec.name, spec: ref }));
  expect((await documents.lock(taskSet)).kept).toBe(TOPICS.length);
});

test('tasks with a rubric and no judge, or criteria that were not calibrated, are no tasks of a campaign', async () => {
  const { spec, ref } = await submitted();
  const { calibrateJudge, buildTaskSet } = activities();
  await within(() => calibrateJudge({ campaign: spec.name, spec: ref }));
  const { root } = await documents.lock(await within(() => buildTaskSet({ campaign: spec.name, spec: ref })));
  const built = await within(() => buildTaskSet({ campaign: spec.name, spec: ref }));
  await store.createNamed(lockName(root), JSON.stringify(built));
  await signLock(store, LOCK_SIGNER, { root, lock: built });
  const alone = scriptedSpec('alone', { tasks: tasksSpec.parse({ source: 'artifact-set', root }) });
  const build = async (one: CampaignSpec) =>
    within(async () => buildTaskSet({ campaign: one.name, spec: await documents.write(one) }));
  await expect(build(alone)).rejects.toMatchObject({
    code: 'task.invalid',
    message: expect.stringContaining('has a rubric, and no judge is named'),
  });
});

test('a key goes to the address that it is for, and to no other', async () => {
  const keys = join(folder, 'keys.json');
  await writeFile(keys, JSON.stringify({ [judge.endpoint]: 'k', 'http://127.0.0.1:1/v1': 'other' }));
  const { spec, ref } = await submitted();
  await within(() => activities({ keys }).calibrateJudge({ campaign: spec.name, spec: ref }));
  expect(new Set(judge.asked.map(({ key }) => key))).toEqual(new Set(['Bearer k']));
  await writeFile(keys, '["k"]');
  expect(() => openJudge(keys)(spec.judge!)).toThrow(/no JSON object of keys by address/);
});
