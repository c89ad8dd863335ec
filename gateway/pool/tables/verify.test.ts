import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SegmentSource } from '../../../contracts/segment.ts';
import {
  madeCompletion,
  madeRollout,
  madeSegment,
  madeSource,
  madeTrajectory,
} from '../../../tests/support/made-up-pool.ts';
import { useTables } from '../../../tests/support/use-tables.ts';
import { encodeActions } from './actions.ts';
import { compact } from './compact.ts';
import { ledgersOf, ledgersWithoutPlan, type Planned } from './ledgers.ts';
import type { PoolProblem } from './verify.ts';

const used = useTables();

const one = (group: number, sample = 0) => madeCompletion({ group, sample });
const segments = [1, 2, 3].map((sequence) => madeSegment('completions', sequence, [one(sequence), one(sequence, 1)]));

const problemsWith = async (source: SegmentSource) => (await used.verify(source)).problems;
const said = (problems: readonly PoolProblem[]) => problems.map(({ kind, where }) => `${kind}: ${where}`);

test('what was taken in is as it must be, and what is not yet taken in is counted', async () => {
  await compact(madeSource(segments.slice(0, 2)), used.files);
  const { verified, problems } = await used.verify(madeSource(segments));
  expect(problems).toEqual([]);
  expect(verified[0]).toMatchObject({
    name: 'completions',
    records: 4,
    segments: { taken: 2, waiting: 1, givenUp: [] },
  });
});

test('a record that is missing, another, or too many is named by its place', async () => {
  await compact(madeSource(segments), used.files);
  const longer = madeSegment('completions', 1, [one(1), one(1, 1), one(9)]);
  const shorter = madeSegment('completions', 2, [one(2)]);
  const other = madeSegment('completions', 3, [{ ...one(3), text: 'another' }, one(3, 1)]);
  expect(said(await problemsWith(madeSource([longer, shorter, other])))).toEqual([
    "record_missing: record 2 of segment 1 of here's completions",
    "record_unknown: record 1 of segment 2 of here's completions",
    "record_differs: record 0 of segment 3 of here's completions",
  ]);
});

test('rows whose segments are gone contradict nothing; a segment that was never taken in and is gone is lost', async () => {
  await compact(madeSource(segments), used.files);
  expect(await problemsWith(madeSource(segments.slice(2)))).toEqual([]);
  const later = madeSegment('completions', 6, [one(6)]);
  expect(said(await problemsWith(madeSource([...segments, later])))).toEqual([
    "segment_missing: segment 4 of here's completions",
    "segment_missing: segment 5 of here's completions",
  ]);
});

test('a file that was changed or removed is named, and a row that stands in two files', async () => {
  await compact(madeSource(segments), used.files, { groupBytes: 1 });
  const rounds = join(used.folder, 'tables/completions/campaign=made-up/round=1');
  const [first = '', second = ''] = (await readdir(rounds)).sort();
  const tables = await used.open();
  const add = [...tables.snapshots.completions.files.values()].find(({ path }) => path.endsWith(first));
  // By hand: the same file once more, under another name, past every check of ours.
  await used.files.create(
    'completions/campaign=made-up/round=1/twice.parquet',
    (await used.files.read(`completions/${add?.path}`)) ?? '',
  );
  const twice = { ...add, path: 'campaign=made-up/round=1/twice.parquet' };
  await used.files.create('completions/_delta_log/00000000000000000004.json', encodeActions([{ add: twice }]));
  const doubled = said(await problemsWith(madeSource(segments)));
  expect(doubled).toHaveLength(4);
  expect(doubled.every((line) => line.startsWith('record_twice: '))).toBe(true);
  await writeFile(join(rounds, first), 'short');
  await rm(join(rounds, second));
  expect(said(await problemsWith(madeSource(segments))).sort()).toEqual(
    [first, second].map((name) => `file: completions/campaign=made-up/round=1/${name}`).sort(),
  );
});

test('every rollout that was requested has one end and a reason; what nobody requested is told', async () => {
  const trajectories = [
    madeTrajectory({ group: 1, sample: 0 }),
    madeTrajectory({ group: 1, sample: 1 }),
    { ...madeTrajectory({ group: 2, sample: 0 }), outcome: 'infrastructure_failure', reason: 'sandbox' },
  ];
  const stranger = madeCompletion(
    { group: 9, sample: 0 },
    { id: `${madeRollout({ group: 9, sample: 0 })}/c0` as never },
  );
  const completions = [one(1), one(1, 1), one(2), one(3), stranger];
  await compact(
    madeSource([madeSegment('completions', 1, completions), madeSegment('trajectories', 1, trajectories)]),
    used.files,
  );
  const ids = [
    ...[
      { group: 1, sample: 0 },
      { group: 1, sample: 1 },
      { group: 2, sample: 0 },
    ],
    ...[
      { group: 3, sample: 0 },
      { group: 4, sample: 0 },
    ],
  ].map(madeRollout);
  const plan: Planned = {
    ...{ campaign: 'made-up' as Planned['campaign'], round: 1, purpose: 'train', policy: { number: 0 } },
    rollouts: ids.map((id) => ({ id: id as Planned['rollouts'][number]['id'] })),
  };
  const tables = await used.open();
  const { ledgers, strangers } = await ledgersOf(tables, 'made-up', [plan], { by: 'group', divided: false });
  const ledger = ledgers[0]!;
  expect(ledger.lines.map(({ rollout, state, reason }) => `${rollout.slice(-5)} ${state} ${reason}`)).toEqual([
    'g1/s0 trainable success',
    'g1/s1 trainable policy_failure',
    'g2/s0 masked infrastructure_failure',
    'g3/s0 ungraded no_trajectory',
    'g4/s0 absent no_record',
  ]);
  expect(ledger).toMatchObject({ balanced: false, strangers: [madeRollout({ group: 9, sample: 0 })] });
  expect(strangers).toEqual([]);
  const unplanned = await ledgersOf(tables, 'made-up', [], { by: 'group', divided: false });
  expect([unplanned.ledgers, unplanned.strangers.length]).toEqual([[], 5]);
  const [own] = await ledgersWithoutPlan(tables, 'made-up', { by: 'group', divided: false });
  expect(own).toMatchObject({ balanced: true, planned: false, purpose: 'train', round: 1 });
  expect(own?.lines).toHaveLength(5);
});
