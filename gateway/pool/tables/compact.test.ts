import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SegmentSource } from '../../../contracts/segment.ts';
import {
  type MadeSegment,
  madeCompletion,
  madeOperation,
  madeSegment,
  madeSource,
  madeTrajectory,
} from '../../../tests/support/made-up-pool.ts';
import { useTables } from '../../../tests/support/use-tables.ts';
import { compact } from './compact.ts';
import { completionOf } from './completion-row.ts';
import { asText } from './open.ts';
import { givenUp } from './progress.ts';
import { TABLES, type TableStream } from './schema.ts';
import { readSnapshot } from './snapshot.ts';
import { storedRecords } from './stored.ts';

const used = useTables();

const completions = (sequence: number, groups: readonly number[], replica?: string): MadeSegment =>
  madeSegment(
    'completions',
    sequence,
    groups.flatMap((group) => [0, 1].map((sample) => madeCompletion({ group, sample, round: 1 + (group % 2) }))),
    replica,
  );

async function ids(stream: TableStream = 'completions'): Promise<string[]> {
  const tables = await used.open();
  const name = stream === 'completions' ? 'id' : 'rollout';
  const found: string[] = [];
  for await (const row of tables.duck.rows(`SELECT "${name}" AS id FROM ${stream} ORDER BY 1`))
    found.push(row.id ?? '');
  return found;
}
async function idsIn(source: SegmentSource): Promise<string[]> {
  const found: string[] = [];
  for await (const segment of source.list())
    if (segment.stream === 'completions')
      for await (const json of source.records(segment)) found.push((JSON.parse(json) as { id: string }).id);
  return found.sort();
}

test('every record is in the tables once, however often they are made, and comes back as it was', async () => {
  const trajectories = [0, 1, 2].map((group) => madeTrajectory({ group, sample: 0 }));
  const source = madeSource([
    completions(1, [0, 1]),
    completions(2, [2, 3]),
    completions(1, [4, 5], 'there'),
    madeSegment('trajectories', 1, trajectories),
    madeSegment('operations', 1, [madeOperation({ group: 0, sample: 0 })]),
  ]);
  expect(await compact(source, used.files)).toMatchObject({
    ...{ segments: 4, records: 15, commits: 2, losses: [] },
    // No table has it.
    passedOver: 1,
  });
  expect(await compact(source, used.files)).toMatchObject({ segments: 0, records: 0, commits: 0 });
  expect(await ids()).toEqual(await idsIn(source));
  expect(await ids('trajectories')).toEqual(trajectories.map(({ rollout }) => rollout));
  expect(await readdir(join(used.folder, 'tables/completions/campaign=made-up'))).toEqual(['round=1', 'round=2']);
  const tables = await used.open();
  for await (const row of tables.duck.rows(
    `SELECT ${asText(TABLES.completions)} FROM completions WHERE rollout LIKE '%/g3/s1'`,
  ))
    expect(completionOf(row)).toEqual(madeCompletion({ group: 3, sample: 1, round: 2 }));
});

test('what came since is taken in by the next one, across a checkpoint', async () => {
  const all = Array.from({ length: 54 }, (_, n) => completions(n + 1, [n]));
  await compact(madeSource(all.slice(0, 52)), used.files, { groupBytes: 1 });
  const folderOfLog = join(used.folder, 'tables/completions/_delta_log');
  const log = await readdir(folderOfLog);
  const checkpoint = '00000000000000000050.checkpoint.parquet';
  expect(log.filter((name) => name.includes('checkpoint'))).toEqual([checkpoint, '_last_checkpoint']);
  // It is a copy: without it the commits say the same.
  await rename(join(folderOfLog, checkpoint), join(used.folder, 'aside'));
  expect((await readSnapshot(used.files, TABLES.completions)).files.size).toBe(52);
  await rename(join(used.folder, 'aside'), join(folderOfLog, checkpoint));
  // With it they are not needed any more.
  for (const name of log) if (name < checkpoint) await rm(join(folderOfLog, name));
  expect(await compact(madeSource(all), used.files)).toMatchObject({ segments: 2 });
  expect((await ids()).length).toBe(108);
  await rm(join(folderOfLog, checkpoint));
  await expect(readSnapshot(used.files, TABLES.completions)).rejects.toMatchObject({ code: 'pool.table_damaged' });
});

test('a log waits before a missing segment, which is told; the others go on', async () => {
  const all = [1, 2, 3, 4].map((sequence) => completions(sequence, [sequence]));
  const there = completions(1, [9], 'there');
  const gap = madeSource([...all.filter(({ sealed }) => sealed.sequence !== 3), there]);
  const loss = { replica: 'here', stream: 'completions', from: 3, to: 3 };
  expect(await compact(gap, used.files)).toMatchObject({ segments: 3, losses: [loss] });
  expect((await ids()).length).toBe(6);
  // Brought back, nothing is lost.
  expect(await compact(madeSource([...all, there]), used.files)).toMatchObject({ segments: 2, losses: [] });
  expect((await ids()).length).toBe(10);
});

test('a segment that is given up is remembered, and taken in where it turns up after all', async () => {
  const all = [1, 2, 3, 4].map((sequence) => completions(sequence, [sequence]));
  const gap = madeSource(all.filter(({ sealed }) => sealed.sequence === 1 || sealed.sequence === 4));
  expect(await compact(gap, used.files, { pastLosses: true })).toMatchObject({
    segments: 2,
    losses: [{ from: 2, to: 3 }],
  });
  const lost = async () => givenUp(await readSnapshot(used.files, TABLES.completions)).map(({ from }) => from);
  expect(await lost()).toEqual([2, 3]);
  expect(await compact(gap, used.files)).toMatchObject({ segments: 0, losses: [] });
  const third = madeSource(all.filter(({ sealed }) => sealed.sequence !== 2));
  expect(await compact(third, used.files)).toMatchObject({ segments: 1 });
  expect(await compact(third, used.files)).toMatchObject({ segments: 0 });
  expect(await lost()).toEqual([2]);
  expect((await ids()).length).toBe(6);
});

test('two at once take each segment in once, whoever is quicker', async () => {
  const all = Array.from({ length: 12 }, (_, n) => completions(n + 1, [n]));
  const source = madeSource(all);
  const [one, two, three] = await Promise.all([
    compact(source, used.files, { groupBytes: 1 }),
    compact(source, used.files, { groupBytes: 5_000 }),
    compact(source, used.files),
  ]);
  expect(one.segments + two.segments + three.segments).toBe(12);
  expect(await ids()).toEqual(await idsIn(source));
});

test('what was staged while the group before it lost to another compactor is not taken in once more', async () => {
  const source = madeSource(Array.from({ length: 6 }, (_, n) => completions(n + 1, [n])));
  let others: Promise<unknown> | undefined;
  const fault = async (point: string): Promise<void> => {
    if (point !== 'written') return;
    others ??= compact(source, used.files);
    await others;
  };
  // The second group is staged while the first one waits there for the other, who takes all.
  expect(await compact(source, used.files, { groupBytes: 1, fault })).toMatchObject({ segments: 0 });
  expect(await ids()).toEqual(await idsIn(source));
});

test('one that fails between file and commit leaves nothing that anybody reads', async () => {
  const source = madeSource([completions(1, [1, 2])]);
  const fault = (point: string): void => {
    if (point === 'written') throw new Error('killed');
  };
  await expect(compact(source, used.files, { fault })).rejects.toThrow('killed');
  expect(await ids()).toEqual([]);
  const before = await readdir(join(used.folder, 'tables/completions'), { recursive: true });
  await compact(source, used.files);
  expect(await ids()).toEqual(await idsIn(source));
  // The files that were left are the ones that are needed now.
  const after = await readdir(join(used.folder, 'tables/completions'), { recursive: true });
  expect(after.filter((name) => name.endsWith('.parquet'))).toEqual(before.filter((name) => name.endsWith('.parquet')));
});

test('an answer of 40 MB, half of which is escaped, is a row like any other', async () => {
  const huge = madeCompletion({ group: 1, sample: 0 }, { text: 'é"\n\0'.repeat(8 << 20) });
  await compact(
    madeSource([madeSegment('completions', 1, [huge, madeCompletion({ group: 1, sample: 1 })])]),
    used.files,
  );
  const tables = await used.open();
  for await (const { record, intact } of storedRecords(tables, 'completions', `id = '${huge.id}'`))
    expect([intact, record.text === huge.text]).toEqual([true, true]);
  expect((await ids()).length).toBe(2);
});

test('a record that this version does not know is refused by its place, and what came before stays', async () => {
  const odd = madeSegment('completions', 2, [
    madeCompletion({ group: 7, sample: 0 }),
    { schema: 'anneal/completion/v9' },
  ]);
  const failure = compact(madeSource([completions(1, [1]), odd]), used.files, { groupBytes: 1 });
  await expect(failure).rejects.toMatchObject({
    code: 'pool.record_invalid',
    message: "record 1 in segment 2 of here's completions is none that this version knows",
  });
  expect((await ids()).length).toBe(2);
});
