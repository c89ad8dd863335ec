// The tables as others read them: delta-rs, and DuckDB by the plain SQL of docs/data-pool.md.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { compact } from '../../gateway/pool/tables/compact.ts';
import { openDuck } from '../../gateway/pool/tables/duck.ts';
import { deltaPython, readByDelta } from '../support/delta-reader.ts';
import { madeCompletion, madeSegment, madeSource, madeTrajectory } from '../support/made-up-pool.ts';
import { useTables } from '../support/use-tables.ts';

const used = useTables();

const GROUPS = [1, 2, 3, 4, 5];
const completions = GROUPS.map((group) => ({
  ...madeCompletion({ group, sample: 0, round: group % 2 }),
  ...(group === 3 ? { text: 'é — \ud800', error: undefined } : {}),
}));
const trajectories = GROUPS.map((group) => madeTrajectory({ group, sample: 0, round: group % 2 }));
const source = madeSource([
  ...completions.map((record, at) => madeSegment('completions', at + 1, [record])),
  madeSegment('trajectories', 1, trajectories),
]);
const byId = <T extends { id: string }>(records: readonly T[]): T[] =>
  records.toSorted((a, b) => (a.id < b.id ? -1 : 1));

describe.skipIf(deltaPython() === undefined)('delta-rs', () => {
  // Above fifty commits, so that it begins at our checkpoint.
  test.each([
    ['commits alone', 5],
    ['a checkpoint of ours', 52],
  ])('reads every row by %s', async (_how, segments) => {
    const more = Array.from(
      { length: segments },
      (_, n) => completions[n] ?? madeCompletion({ group: n + 1, sample: 1 }),
    );
    const long = madeSource([
      ...more.map((record, at) => madeSegment('completions', at + 1, [record])),
      madeSegment('trajectories', 1, trajectories),
    ]);
    await compact(long, used.files, { groupBytes: 1 });
    const found = await readByDelta(join(used.folder, 'tables', 'completions'), 'id', [
      'anneal/here/completions',
      'nobody',
    ]);
    expect(found).toMatchObject({ version: segments, partitions: ['campaign', 'round'], files: segments });
    expect(found.applied).toEqual({ 'anneal/here/completions': segments, nobody: null });
    expect(found.rows.map(asRecord)).toEqual(
      byId(more).map((one) => asRecord({ ...flat(one), text: one.text.toWellFormed() })),
    );
    const ends = await readByDelta(join(used.folder, 'tables', 'trajectories'), 'rollout');
    expect(ends.rows.map(({ rollout, reward, completions }) => ({ rollout, reward, completions }))).toEqual(
      trajectories
        .map(({ rollout, reward, completions }) => ({ rollout, reward: reward?.total, completions }))
        .toSorted((a, b) => (a.rollout < b.rollout ? -1 : 1)),
    );
  });

  test('rewrites small files as any engine may, and nothing is lost, altered or taken in again', async () => {
    await compact(source, used.files, { groupBytes: 1 });
    await promisify(execFile)(deltaPython()!, [
      join(import.meta.dirname, '../support/delta_reader.py'),
      join(used.folder, 'tables', 'completions'),
      'tidy',
    ]);
    expect(await compact(source, used.files)).toMatchObject({ segments: 0 });
    const { verified, problems } = await used.verify(source);
    expect(verified[0]?.files).toBe(2);
    expect(problems).toEqual([]);
  });
});

test('DuckDB reads what is committed by the SQL of the documentation', async () => {
  await compact(source, used.files, { groupBytes: 1 });
  // What a killed compactor leaves is no part of the table.
  await used.files.create('completions/campaign=made-up/round=1/left-over.parquet', 'not even Parquet');
  const page = await readFile(join(import.meta.dirname, '../../docs/data-pool.md'), 'utf8');
  const [, sql = ''] = /```sql\n([\s\S]*?)```/.exec(page) ?? [];
  expect(sql).toContain('/anneal/store/tables');
  await using duck = await openDuck(used.files);
  const statements = sql.replaceAll('/anneal/store/tables', join(used.folder, 'tables')).split(';');
  const asked = statements.map((statement) => statement.trim()).filter((statement) => statement !== '');
  for (const statement of asked.slice(0, -1)) await duck.run(statement);
  const rows: unknown[] = [];
  for await (const row of duck.objects(asked.at(-1) ?? '')) rows.push(row);
  expect(rows).toEqual([
    { campaign: 'made-up', round: 0, completions: '2', tokens: '10' },
    { campaign: 'made-up', round: 1, completions: '3', tokens: '15' },
  ]);
});

const COMPARED = [
  ...['id', 'rollout', 'campaign', 'round', 'index', 'policy', 'fidelity', 'promptIds', 'completionIds', 'logprobs'],
  ...['text', 'finish', 'startedAt', 'milliseconds', 'temperature', 'maxTokens', 'seed', 'messages', 'error'],
];
const asRecord = (row: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(COMPARED.map((name) => [name, row[name] ?? null]));

function flat({ sampling, messages, rollout, ...record }: (typeof completions)[number]): Record<string, unknown> {
  const round = Number(/\/r(\d+)\//.exec(rollout)?.[1]);
  return { ...record, ...sampling, rollout, round, messages: JSON.stringify(messages) };
}
