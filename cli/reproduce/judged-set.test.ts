// A set whose tasks have rubrics, built again and held against its lock: by what its *scripted* judge said the first time, which is not
// asked again.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createConstructionActivities } from '../../activities/construction.ts';
import { createJudges, createJudgingActivities } from '../../activities/judges.ts';
import { createDocuments, type Documents } from '../../activities/read.ts';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { type CampaignSpec, tasksSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { judgeSpec } from '../../contracts/judge.ts';
import { type LockedSet, lockName, sourceFilesName } from '../../contracts/locked-set.ts';
import { calibrationSetName, judgeExchangeName } from '../../contracts/names.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import { signLock } from '../../evals/construction/signed-lock.ts';
import { openJudge } from '../../infra/judge-model/open.ts';
import { carrySource, layOutSource } from '../../infra/source-files/carry.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { inActivity } from '../../tests/support/in-activity.ts';
import { QUESTION_CRITERIA, questionOn } from '../../tests/support/judged-question.ts';
import { LOCK_SIGNER } from '../../tests/support/lock-signer.ts';
import { scriptedSpec } from '../../tests/support/scripted-activities.ts';
import { type ScriptedJudge, startScriptedJudge } from '../../tests/support/scripted-judge.ts';
import { rebuildArtifacts } from './artifact-tasks.ts';
import { createRecordedJudges } from './recorded-judge.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Nothing of these tasks is run. */
const sandbox: Sandbox = { describe: async () => 'none', run: () => Promise.reject(new Error('nothing is run')) };
const TOPICS = ['pears', 'kilns', 'ferries', 'clocks', 'bridges', 'lamps'];
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

let folder: string;
let store: ArtifactStore;
let documents: Documents;
let judge: ScriptedJudge;
let spec: CampaignSpec;
let lock: LockedSet;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-reproduce-'));
  store = createFolderStore(join(folder, 'store'));
  documents = createDocuments(store);
  judge = await startScriptedJudge(({ artifact }) => artifact.startsWith('Because '));
  await writeFile(join(folder, 'q.jsonl'), TOPICS.map((topic) => JSON.stringify(questionOn(topic))).join('\n'));
  const build = { from: { kind: 'open-questions', file: 'q.jsonl' }, alike: 1 };
  spec = scriptedSpec('judged', {
    tasks: tasksSpec.parse({ source: 'artifact-set', build }),
    judge: judgeSpec.parse({
      ...{ endpoint: judge.endpoint, model: 'judge-8b', family: 'scripted', calibration: 'set.json' },
    }),
  });
  const files = await store.put(canonicalJson(await carrySource(folder, ['q.jsonl'], store)));
  await store.createNamed(sourceFilesName(spec.name), JSON.stringify(files));
  await store.createNamed(calibrationSetName(spec.name), SET);
  const open = openJudge(undefined);
  const judges = createJudges(store, documents, open);
  const ref = await documents.write(spec);
  const { calibrateJudge } = createJudgingActivities({ store, documents, open });
  await inActivity(() => calibrateJudge({ campaign: spec.name, spec: ref }));
  const { buildTaskSet } = createConstructionActivities({
    ...{ store, documents, sandbox, judges, parallel: 2, verifyBytes: LOCK_SIGNER.verifyBytes },
    layOut: (carried) => layOutSource(carried, store),
  });
  lock = await documents.lock(await inActivity(() => buildTaskSet({ campaign: spec.name, spec: ref })));
});
afterEach(async () => {
  await judge.close();
  await rm(folder, { recursive: true, force: true });
});

const rebuild = (of: CampaignSpec, from: ArtifactStore = store) =>
  rebuildArtifacts(
    {
      ...{ store: from, documents, sandbox, verifyBytes: LOCK_SIGNER.verifyBytes },
      judges: createRecordedJudges(from, documents),
      signal: new AbortController().signal,
      onProgress: () => undefined,
    },
    of,
    lock,
  );

test('it is built again without its judge, by what that said', async () => {
  const asked = judge.asked.length;
  await judge.close();
  expect(await rebuild(spec)).toMatchObject({ part: 'task set', verdict: 'same' });
  expect(judge.asked).toHaveLength(asked);
});

test('where what it said is lost, that is named, and nobody is asked', async () => {
  const asked = judge.asked.length;
  const kept = judgeExchangeName(spec.name, 'x' as never).slice(0, -1);
  const forgetful: ArtifactStore = {
    ...store,
    readNamed: async (name) => (name.startsWith(kept) ? undefined : store.readNamed(name)),
  };
  const found = await rebuild(spec, forgetful);
  expect(found).toMatchObject({
    verdict: 'left',
    why: expect.stringMatching(/judge judge-8b, who is not asked again/),
  });
  expect(judge.asked).toHaveLength(asked);
});

test('named by its root it is held against its lock, whoever judges', async () => {
  const ref = await documents.write(lock);
  await store.createNamed(lockName(lock.root), JSON.stringify(ref));
  await signLock(store, LOCK_SIGNER, { root: lock.root, lock: ref });
  const named = tasksSpec.parse({ source: 'artifact-set', root: lock.root });
  await judge.close();
  expect(await rebuild({ ...spec, tasks: named })).toMatchObject({ part: 'task set', verdict: 'same' });
});
