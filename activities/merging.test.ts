import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mergedRound } from '../contracts/record.ts';
import type { ContextOperation } from '../contracts/session.ts';
import type { CompletionRecord, Trajectory } from '../contracts/trajectory.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { madeCompletion, madeOperation, madeRollout, madeTrajectory } from '../tests/support/made-up-pool.ts';
import { mergedRounds } from './merging.ts';
import { createDocuments } from './read.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-merging-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pool = { completions: [] as CompletionRecord[], operations: [] as ContextOperation[], asked: [] as string[] };
const gateway = {
  completions: async (prefix: string) => {
    pool.asked.push(prefix);
    return pool.completions.filter(({ rollout }) => rollout.startsWith(prefix));
  },
  operations: async (prefix: string) => pool.operations.filter(({ rollout }) => rollout.startsWith(prefix)),
};

/** A rollout whose second request goes on, and whose third begins anew with other tokens; one more is of an attempt that does not count. */
function rolloutOf(group: number, sample: number): Trajectory {
  const of = { group, sample };
  const said = [
    [1, 2, 3],
    [1, 2, 3, 90, 91, 4],
    [1, 7, 8],
    [1, 2, 3],
  ].map((promptIds, index) => ({
    ...madeCompletion({ ...of, index, tokens: [3, 2] }),
    ...{ promptIds, completionIds: [90 + 10 * index, 91 + 10 * index] },
  }));
  pool.completions.push(...said);
  return madeTrajectory(of, { completions: said.slice(0, 3).map(({ id }) => id) });
}

test('rounds of several completions are told by what trained, with what the agents registered; others are not looked at', async () => {
  const store = createFolderStore(folder);
  const documents = createDocuments(store);
  const trajectories = [
    rolloutOf(0, 0),
    rolloutOf(0, 1),
    rolloutOf(1, 0),
    madeTrajectory({ group: 2, sample: 0, round: 2 }),
  ];
  pool.operations.push(madeOperation({ group: 0, sample: 0 }, { kind: 'summarise', next: 2 }));
  const account = (...states: [string, string][]) =>
    documents.write(states.map(([id, state]) => ({ id, group: 'g', state })));
  const rounds = [
    {
      round: 1,
      account: await account(
        [madeRollout({ group: 0, sample: 0 }), 'train'],
        [madeRollout({ group: 0, sample: 1 }), 'train'],
        [madeRollout({ group: 1, sample: 0 }), 'masked'],
      ),
    },
    { round: 2, account: await account([madeRollout({ group: 2, sample: 0, round: 2 }), 'train']) },
  ];
  const [first, ...others] = await mergedRounds({ gateway, documents }, rounds, trajectories);
  expect(others).toEqual([]);
  expect(pool.asked).toEqual(['made-up/r1/train.v0/g0/']);
  // 5 + 8 + 5 tokens each: 5, then one more and two said, then all but the first and two said.
  const { breaks, ...tokens } = mergedRound.parse(first);
  expect(tokens).toEqual({ round: 1, rollouts: 2, completions: 6, before: 36, after: 24, least: 12 });
  // The other rollout's agent registered nothing: its break has another reason, told by the messages.
  expect(breaks.compaction).toEqual({ completions: 1, tokens: 2 });
  expect(Object.values(breaks).reduce((sum, one) => sum + one.completions, 0)).toBe(2);
  expect(await mergedRounds({ gateway, documents }, rounds, trajectories.slice(3))).toEqual([]);
});
