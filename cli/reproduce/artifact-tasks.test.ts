// A real source, store and sandbox: the set of a campaign built twice.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createConstructionActivities } from '../../activities/construction.ts';
import { createDocuments, type Documents } from '../../activities/read.ts';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { type CampaignSpec, tasksSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { type LockedSet, lockName, sourceFilesName } from '../../contracts/locked-set.ts';
import { signLock } from '../../evals/construction/signed-lock.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { carrySource, layOutSource } from '../../infra/source-files/carry.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { inActivity } from '../../tests/support/in-activity.ts';
import { LOCK_SIGNER } from '../../tests/support/lock-signer.ts';
import { scriptedSpec } from '../../tests/support/scripted-activities.ts';
import { rebuildArtifacts } from './artifact-tasks.ts';
import { createRecordedJudges } from './recorded-judge.ts';

const sandbox = createBubblewrapSandbox();
let folder: string;
let store: ArtifactStore;
let documents: Documents;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-reproduce-'));
  store = createFolderStore(join(folder, 'store'));
  documents = createDocuments(store);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const specOf = (tasks: object): CampaignSpec => scriptedSpec('twice', { tasks: tasksSpec.parse(tasks) });
const BUILT = specOf({ source: 'artifact-set', build: { from: { kind: 'traces', tasks: 9 }, alike: 0.95 } });

async function construct(): Promise<LockedSet> {
  const files = await store.put(canonicalJson(await carrySource(folder, [], store)));
  await store.createNamed(sourceFilesName(BUILT.name), JSON.stringify(files));
  const { buildTaskSet } = createConstructionActivities({
    ...{ store, documents, sandbox, parallel: 2, verifyBytes: LOCK_SIGNER.verifyBytes },
    layOut: (carried) => layOutSource(carried, store),
  });
  const spec = await documents.write(BUILT);
  return documents.lock(await inActivity(() => buildTaskSet({ campaign: BUILT.name, spec })));
}

const rebuild = (spec: CampaignSpec, lock: LockedSet) =>
  rebuildArtifacts(
    {
      store,
      documents,
      sandbox,
      verifyBytes: LOCK_SIGNER.verifyBytes,
      judges: createRecordedJudges(store, documents),
      signal: new AbortController().signal,
      onProgress: () => undefined,
    },
    spec,
    lock,
  );

test('a set that was built is the same when it is built in an empty store, and another where its seed is another', async () => {
  const lock = await construct();
  expect(await rebuild(BUILT, lock)).toMatchObject({ part: 'task set', verdict: 'same' });
  const other = await rebuild({ ...BUILT, seed: 2 }, lock);
  expect(other).toMatchObject({ part: 'task set', verdict: 'different' });
  expect(other.why).toContain(lock.root.slice(0, 12));
}, 120_000);

test('a set that was named by its root is held against it', async () => {
  const lock = await construct();
  const ref = await documents.write(lock);
  await store.createNamed(lockName(lock.root), JSON.stringify(ref));
  const named = specOf({ source: 'artifact-set', root: lock.root });
  expect(await rebuild(named, lock)).toMatchObject({
    verdict: 'different',
    why: expect.stringMatching(/nobody has signed/),
  });
  await signLock(store, LOCK_SIGNER, { root: lock.root, lock: ref });
  expect(await rebuild(named, lock)).toMatchObject({ verdict: 'same' });
}, 120_000);

test('what was carried with no campaign cannot be built again, and that is said', async () => {
  const lock = await construct();
  expect(await rebuild({ ...BUILT, name: 'never' as never }, lock)).toMatchObject({ verdict: 'left' });
}, 120_000);
