import { expect, test } from 'vitest';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import { taskId } from '../../contracts/ids.ts';
import type { Split } from '../../contracts/task.ts';
import { referenceTo } from '../hacks/variant.ts';
import { compareSets, type LockedSet } from './compare-sets.ts';
import { lockSplits } from './lock-artifacts.ts';

const task = (id: string, change: Partial<ArtifactTask> = {}): ArtifactTask => ({
  ...{
    schema: 'anneal/artifact-task/v1',
    id: taskId.parse(id),
    family: id,
    capability: 'words',
    instruction: 'Write.',
  },
  ...{ format: 'structured-data', verifier: { name: 'structured-data', version: 1 }, given: {}, environment: null },
  ...{ deliverables: [{ path: 'a.json', maxBytes: 10, required: true }], check: {}, gold: {}, baselineSeconds: null },
  ...{ canary: 'anneal-canary-0001', source: { kind: 'words', name: 'words', licence: 'MIT' } },
  ...change,
});

async function locked(tasks: Readonly<Record<Split, readonly ArtifactTask[]>>): Promise<LockedSet> {
  const parts = await lockSplits(tasks, async (text) => referenceTo(text));
  const lock = { ...parts } as LockedSet['lock'];
  return { lock, splits: (['visible', 'gate'] as const).map((split) => ({ split, tasks: [...tasks[split]] })) };
}

test('tells what was added, removed, moved and changed, and nothing of what is sealed', async () => {
  const before = await locked({ visible: [task('a'), task('b')], gate: [task('c')], sealed: [task('s')] });
  const after = await locked({
    visible: [task('a', { instruction: 'Write more.', check: 1 }), task('c')],
    gate: [task('d')],
    sealed: [task('t')],
  });
  expect(compareSets(before, after)).toEqual({
    same: false,
    added: [{ id: 'd', split: 'gate' }],
    removed: [{ id: 'b', split: 'visible' }],
    moved: [{ id: 'c', from: 'gate', to: 'visible' }],
    changed: [{ id: 'a', fields: ['check', 'instruction'] }],
    splits: [
      { split: 'visible', before: 2, after: 2 },
      { split: 'gate', before: 1, after: 1 },
      { split: 'sealed', before: 1, after: 1 },
    ],
  });
  expect(compareSets(before, before)).toMatchObject({ same: true, added: [], changed: [], splits: [] });
});
