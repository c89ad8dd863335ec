// The locked task set is held against its lock where it is read, not only where it was made.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { canonicalJson } from '../contracts/canonical.ts';
import { type RecordedCampaign, recordCampaign, tasksOf } from '../tests/support/recorded-campaign.ts';

let root: string;
let campaign: RecordedCampaign;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'anneal-read-'));
  campaign = await recordCampaign(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const mismatch = expect.objectContaining({ code: 'tasks.lock_mismatch' });

it('reads a sound lock and its splits', async () => {
  const { documents, lock } = campaign;
  expect(await documents.lock(await documents.write(lock))).toEqual(lock);
  expect((await documents.splitOf(lock, 'visible')).tasks).toEqual(tasksOf('visible'));
});

it('refuses a lock whose root is not that of its splits', async () => {
  const { documents, lock } = campaign;
  const visible = { ...lock.splits.visible, root: lock.splits.gate.root };
  const changed = await documents.write({ ...lock, splits: { ...lock.splits, visible } });
  await expect(documents.lock(changed)).rejects.toEqual(mismatch);
  // Nor is the failure forgotten.
  await expect(documents.lock(changed)).rejects.toEqual(mismatch);
});

it('refuses to plan from tasks that are not the locked ones', async () => {
  const { documents, store, lock, activities, state } = campaign;
  const [first, ...rest] = tasksOf('visible');
  const tasks = [{ ...first!, gold: 'def f(a): return 1' }, ...rest];
  const object = await store.put(canonicalJson({ split: 'visible', tasks }));
  const visible = { ...lock.splits.visible, object };
  const taskSet = await documents.write({ ...lock, splits: { ...lock.splits, visible } });
  const planned = { spec: state.spec, taskSet, round: 1, policy: state.policies[0]! };
  await expect(activities.planTraining(planned)).rejects.toEqual(mismatch);
  await expect(activities.planEvaluation({ ...planned, split: 'gate' })).resolves.toMatchObject({ rollouts: 4 });
});

it('refuses one split under the name of another', async () => {
  const { documents, lock } = campaign;
  const gate = { ...lock.splits.gate, object: lock.splits.visible.object };
  await expect(documents.splitOf({ ...lock, splits: { ...lock.splits, gate } }, 'gate')).rejects.toEqual(mismatch);
});
