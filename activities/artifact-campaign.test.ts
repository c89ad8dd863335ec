// A campaign's activities over an artifact set, from its source to a measurement: real store, sandbox and pipeline, and a policy by script.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import { artifactSplit, lineage, passRate } from '../contracts/artifact-set.ts';
import type { ArtifactTask } from '../contracts/artifact-task.ts';
import { type CampaignSpec, tasksSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { completionId } from '../contracts/ids.ts';
import { isArtifactTask, lockName, sourceFilesName } from '../contracts/locked-set.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import { type CompletionRecord, type Trajectory, trajectory } from '../contracts/trajectory.ts';
import { signLock } from '../evals/construction/signed-lock.ts';
import { createBubblewrapSandbox } from '../infra/sandbox/bubblewrap.ts';
import { carrySource, layOutSource } from '../infra/source-files/carry.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { LOCK_SIGNER } from '../tests/support/lock-signer.ts';
import { firstState, scriptedSpec } from '../tests/support/scripted-activities.ts';
import { createConstructionActivities } from './construction.ts';
import { createEvaluationActivities } from './evaluation.ts';
import { createDocuments, type Documents } from './read.ts';
import { createRolloutActivities } from './rollouts.ts';
import { passRatesName } from './starting-pass-rates.ts';

vi.setConfig({ testTimeout: 120_000 });
const sandbox = createBubblewrapSandbox();
const beats: unknown[] = [];
let abort: AbortController;
let folder: string;
let store: ArtifactStore;
let documents: Documents;
const within = <T>(run: () => Promise<T>): Promise<T> =>
  asyncLocalStorage.run(
    { cancellationSignal: abort.signal, heartbeat: (beat: unknown) => void beats.push(beat) } as unknown as Context,
    run,
  );

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-artifacts-'));
  store = createFolderStore(join(folder, 'store'));
  documents = createDocuments(store);
  abort = new AbortController();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const TRACES = { source: 'artifact-set', build: { from: { kind: 'traces', tasks: 9 }, alike: 0.95 } };
const specOf = (tasks: object, changes: Partial<CampaignSpec> = {}): CampaignSpec =>
  scriptedSpec('artifacts', {
    tasks: tasksSpec.parse(tasks),
    rollouts: { ...scriptedSpec('x').rollouts, groupsPerRound: 3 },
    ...changes,
  });

async function construct(spec: CampaignSpec): Promise<ArtifactRef> {
  await store.createNamed(sourceFilesName(spec.name), JSON.stringify(await carried([])));
  const { buildTaskSet } = createConstructionActivities({
    ...{ store, documents, sandbox, parallel: 2, verifyBytes: LOCK_SIGNER.verifyBytes },
    layOut: (files) => layOutSource(files, store),
  });
  const ref = await documents.write(spec);
  return within(() => buildTaskSet({ campaign: spec.name, spec: ref }));
}
const carried = async (paths: string[]) => store.put(canonicalJson(await carrySource(folder, paths, store)));

/** Answers the even rollouts of a plan with the gold, the others with nothing of use; keeps what it was asked. */
function scriptedGateway(): ModelGateway & { records: CompletionRecord[]; kept: Trajectory[]; prompts: string[] } {
  const [records, kept, prompts]: [CompletionRecord[], Trajectory[], string[]] = [[], [], []];
  const tasks = new Map<string, ArtifactTask>();
  return {
    ...{ records, kept, prompts },
    async complete({ rollout, messages }) {
      const prompt = messages.at(-1)!.content;
      prompts.push(prompt);
      const lock = await documents.lock(ref!);
      for (const split of ['visible', 'gate'] as const)
        for (const task of (await documents.splitOf(lock, split)).tasks)
          if (isArtifactTask(task)) tasks.set(task.instruction, task);
      const task = [...tasks].find(([instruction]) => prompt.startsWith(instruction))![1];
      const gold = Buffer.from(await store.get(task.gold['answer.json']!)).toString();
      const text = records.length % 2 === 0 ? `\`\`\`json\n${gold}\n\`\`\`` : '```json\n[]\n```';
      const record = { id: completionId.parse(`${rollout}/c0`), rollout, text, finish: 'stop', milliseconds: 5 };
      records.push({ ...record, promptIds: [1], completionIds: [2, 3] } as unknown as CompletionRecord);
      return records.at(-1)!;
    },
    recordTrajectory: async (one) => void kept.push(trajectory.parse(one)),
    completions: async (prefix) => records.filter((one) => one.rollout.startsWith(prefix)),
    operations: async () => [],
    trajectories: async (prefix) => kept.filter((one) => one.rollout.startsWith(prefix)),
  };
}
let ref: ArtifactRef | undefined;

function rolloutsOver(gateway: ModelGateway) {
  const policies = { serve: async () => ({ lost: [] }), ensure: async () => undefined, repair: async () => undefined };
  return createRolloutActivities({ store, documents, gateway, policies, sandbox, secret: 'a secret' });
}

test('a source becomes a locked set, its tasks rollouts, their rewards a measurement with families and capabilities', async () => {
  const spec = specOf(TRACES);
  ref = await construct(spec);
  const lock = await documents.lock(ref);
  expect(lock).toMatchObject({ schema: 'anneal/artifact-set/v1', name: 'artifacts', source: { kind: 'traces' } });
  expect(await construct(spec)).toEqual(ref);

  const gateway = scriptedGateway();
  const act = rolloutsOver(gateway);
  const written = await documents.write(spec);
  const policy = firstState(spec).policies[0]!;
  const handle = await act.planEvaluation({ spec: written, taskSet: ref, round: 0, split: 'gate', policy });
  for (let index = 0; index < handle.rollouts; index += 1) {
    await within(() => act.generate({ plan: handle.plan, index }));
    await within(() => act.grade({ plan: handle.plan, index }));
  }
  expect(gateway.prompts[0]).toMatch(/orders\.csv:\n```\n[\s\S]+\n```\n\nReply with one fenced code block/);
  expect(gateway.kept[0]).toMatchObject({ outcome: 'success', capability: 'data/table', reward: { total: 1.1 } });
  expect(gateway.kept[1]).toMatchObject({ outcome: 'policy_failure', reward: { components: { correctness: 0 } } });
  const { measure } = createEvaluationActivities({ documents, gateway });
  const measured = await measure({ plan: handle.plan, confidence: 0.95 });
  expect(measured).toMatchObject({ split: 'gate', masked: 0, passRate: { n: handle.rollouts } });
  expect(measured.passRate.value).toBeGreaterThan(0);

  const train = await act.planTraining({ spec: written, taskSet: ref, round: 1, policy });
  const { rollouts } = await documents.plan(train.plan);
  expect(new Set(rollouts.map(({ task }) => task)).size).toBe(3);
});

test('what a pilot measured sieves the next set, and its lineage holds the counts', async () => {
  const spec = specOf(TRACES);
  ref = await construct(spec);
  const [gateway, written] = [scriptedGateway(), await documents.write(spec)];
  const act = rolloutsOver(gateway);
  const policy = firstState(spec).policies[0]!;
  const handle = await act.planPilot({ spec: written, taskSet: ref, policy, samples: 1 });
  for (let index = 0; index < handle.rollouts; index += 1) {
    await within(() => act.generate({ plan: handle.plan, index }));
    await within(() => act.grade({ plan: handle.plan, index }));
  }
  const { passRates } = createEvaluationActivities({ documents, gateway });
  const counts = z
    .record(z.string(), passRate)
    .parse(await documents.read(z.json(), await passRates({ plan: handle.plan })));
  const solved = Object.keys(counts).filter((task) => counts[task]!.solved === 1);
  expect(Object.keys(counts).length).toBe(handle.rollouts);
  expect(solved.length).toBe(Math.ceil(handle.rollouts / 2));

  // As ./anneal pilot writes it, and as a submission stores it.
  const file = {
    ...{ schema: 'anneal/starting-pass-rates/v1', command: 'pilot', model: 'base', samplesPerTask: 1, counts },
    rates: Object.fromEntries(Object.entries(counts).map(([task, one]) => [task, one.solved / one.tried])),
  };
  const sieved = specOf({
    ...TRACES,
    build: { ...TRACES.build, difficulty: { min: 0, max: 0.9 } },
    startingPassRates: 'rates.json',
  });
  const named = { ...sieved, name: 'sieved' as CampaignSpec['name'] };
  await expect(construct({ ...named, name: 'unmeasured' as CampaignSpec['name'] })).rejects.toMatchObject({
    code: 'spec.invalid',
  });
  await store.createNamed(passRatesName(named.name), JSON.stringify(file));
  const lock = await documents.lock(await construct(named));
  const { records } = lineage.parse(
    await documents.read(z.json(), lock.schema === 'anneal/artifact-set/v1' ? lock.lineage : ref),
  );
  const dropped = records.filter(({ outcome }) => outcome.what === 'dropped' && outcome.step === 'difficulty');
  expect(dropped.map(({ id }) => id).sort()).toEqual([...solved].sort());
  expect(dropped[0]!.outcome).toMatchObject({ why: ['too easy: solved 1 of 1, more than 0.9'] });
  for (const { id, passRate: kept } of records) expect(kept).toEqual(counts[id] ?? null);
});

test('stages say what is drawn', async () => {
  const { rollouts } = scriptedSpec('x');
  const stage = { rounds: 1, mix: { data: 1 }, longest: {}, difficulty: { min: 0, max: 1 } };
  const stages = [{ ...stage, mix: { reasoning: 1 } }, stage];
  const spec = specOf(TRACES, { rollouts: { ...rollouts, curriculum: { ...rollouts.curriculum, stages } } });
  ref = await construct(spec);
  const act = rolloutsOver(scriptedGateway());
  const of = { spec: await documents.write(spec), taskSet: ref, policy: firstState(spec).policies[0]! };
  await expect(act.planTraining({ ...of, round: 1 })).rejects.toMatchObject({ code: 'tasks.none_left' });
  const { notes } = await documents.plan((await act.planTraining({ ...of, round: 2 })).plan);
  expect(notes).toEqual([`Stage 2: ${rollouts.groupsPerRound} of data.`]);
});

test('a construction that is cancelled goes on where it was, and ends in the same bytes', async () => {
  const spec = specOf(TRACES);
  const real = store;
  let writes = 0;
  const stopping: ArtifactStore = {
    ...real,
    createNamed: async (key, bytes) => {
      const made = await real.createNamed(key, bytes);
      if (key.startsWith('constructions/') && ++writes === 3) abort.abort(new Error('cancelled'));
      return made;
    },
  };
  store = stopping;
  await expect(construct(spec)).rejects.toThrow('cancelled');
  expect(await real.readNamed(`campaigns/${spec.name}/task-set`)).toBeUndefined();
  const items = await real.listNamed('constructions/');
  expect(items.length).toBeGreaterThanOrEqual(3);
  expect(items.length).toBeLessThan(9);

  store = real;
  abort = new AbortController();
  const resumed = await construct(spec);
  store = createFolderStore(join(folder, 'other'));
  documents = createDocuments(store);
  expect((await construct(spec)).sha256).toBe(resumed.sha256);
});

test('a set that was locked before is taken by its root, and refused where it is not as it was locked', async () => {
  ref = await construct(specOf(TRACES));
  const lock = await documents.lock(ref);
  const named = (root: string) =>
    construct({ ...specOf({ source: 'artifact-set', root }), name: `by-${root.slice(0, 6)}` as CampaignSpec['name'] });
  await expect(named(lock.root)).rejects.toMatchObject({ code: 'tasks.lock_mismatch' });
  await store.createNamed(lockName(lock.root), JSON.stringify(ref));
  await expect(named(lock.root)).rejects.toMatchObject({ code: 'tasks.unsigned' });
  await signLock(store, LOCK_SIGNER, { root: lock.root, lock: ref });
  expect(await named(lock.root)).toEqual(ref);

  const visible = artifactSplit.parse(await documents.split(lock.splits.visible.object));
  const [first, ...others] = visible.tasks;
  const easier = { ...visible, tasks: [{ ...first!, check: { file: 'answer.json' } }, ...others] };
  const object = await store.put(canonicalJson(easier));
  const changed = { ...lock, splits: { ...lock.splits, visible: { ...lock.splits.visible, object } } };
  store = createFolderStore(join(folder, 'changed'));
  for (const { object: one } of [lock.splits.gate, { object }])
    await store.put(await createFolderStore(join(folder, 'store')).get(one));
  const forged = await store.put(canonicalJson(changed));
  await store.createNamed(lockName(lock.root), JSON.stringify(forged));
  await signLock(store, LOCK_SIGNER, { root: lock.root, lock: forged });
  documents = createDocuments(store);
  await expect(named(lock.root)).rejects.toThrow('the tasks of visible have another root');
  expect(await store.listNamed('campaigns/')).toEqual([`campaigns/by-${lock.root.slice(0, 6)}/source-files`]);
});
