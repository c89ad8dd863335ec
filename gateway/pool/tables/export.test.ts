import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { batchSample } from '../../../contracts/job.ts';
import { advantagesOf } from '../../../policies/advantage.ts';
import {
  madeCompletion,
  madeRollout,
  madeSegment,
  madeSource,
  madeTrajectory,
} from '../../../tests/support/made-up-pool.ts';
import { useTables } from '../../../tests/support/use-tables.ts';
import { linesBeside } from './beside.ts';
import { compact } from './compact.ts';
import { openDuck, quoted } from './duck.ts';
import { exportDataset, exportLines } from './export.ts';
import { exportBatch } from './export-batch.ts';
import type { Planned } from './ledgers.ts';

const used = useTables();
const all = [1, 2, 10].flatMap((group) => [0, 1, 2].map((sample) => ({ group, sample })));
const completions = all.map((of) => madeCompletion(of));
const trajectories = all.map((of) => madeTrajectory(of));
const sealed = { ...madeTrajectory({ group: 99, sample: 0 }), split: 'sealed' };
beforeEach(async () => {
  const ends = madeSegment('trajectories', 1, [...trajectories, sealed]);
  await compact(madeSource([madeSegment('completions', 1, completions), ends]), used.files);
});

const linesIn = async (path: string): Promise<unknown[]> =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

test('records leave as they were captured, but for the sealed split', async () => {
  const tables = await used.open();
  const out = join(used.folder, 'out/records.jsonl');
  expect(await exportLines(tables, 'completions', {}, out)).toBe(9);
  const found = (await linesIn(out)) as { id: string }[];
  const order = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
  expect(found.sort(order)).toEqual(completions.toSorted(order));
  expect(
    await exportLines(tables, 'trajectories', { campaign: 'made-up', round: 1 }, join(used.folder, 'ends.jsonl')),
  ).toBe(9);
  await expect(exportLines(tables, 'completions', {}, out)).rejects.toMatchObject({ code: 'cli.usage' });
  await expect(exportLines(tables, 'completions', { round: 7 }, join(used.folder, 'none'))).rejects.toMatchObject({
    ...{ code: 'pool.nothing', message: 'no record in round 7 is in the tables' },
  });
  expect((await readdir(used.folder)).sort()).toEqual(['ends.jsonl', 'out', 'tables', 'tmp']);
});

test('a data set is a folder of Parquet and the card that names its configurations', async () => {
  const tables = await used.open();
  const out = join(used.folder, 'dataset');
  expect(await exportDataset(tables, { campaign: 'made-up' }, out)).toBe(18);
  const card = await readFile(join(out, 'README.md'), 'utf8');
  const paths = [...card.matchAll(/path: (\S+)/g)].map(([, path]) => path);
  expect(paths).toEqual(['data/completions/*.parquet', 'data/trajectories/*.parquet']);
  expect(card.startsWith('---\nconfigs:\n- config_name: completions\n')).toBe(true);
  const duck = used.later(await openDuck(used.files));
  for (const path of paths) {
    const found: unknown[] = [];
    for await (const row of duck.objects(
      `SELECT rollout, campaign, round FROM read_parquet(${quoted(join(out, path ?? ''))})`,
    ))
      found.push(row);
    expect(found.sort(byText)).toEqual(
      all.map((of) => ({ rollout: madeRollout(of), campaign: 'made-up', round: 1 })).sort(byText),
    );
  }
});

test("a round's batch has the samples that train, in the plan's order, with advantages within their groups", async () => {
  const tables = await used.open();
  const plan: Planned = {
    ...{ campaign: 'made-up' as Planned['campaign'], round: 1, purpose: 'train', policy: { number: 0 } },
    rollouts: all.toReversed().map((of) => ({ id: madeRollout(of) as Planned['rollouts'][number]['id'] })),
  };
  const out = join(used.folder, 'batch.jsonl');
  expect(await exportBatch(tables, plan, { by: 'group', divided: false }, out)).toBe(9);
  const lines = (await linesIn(out)).map((line) => batchSample.parse(line));
  expect(lines.map(({ id }) => id)).toEqual(plan.rollouts.map(({ id }) => id));
  const rewards = [0, 1, 2].map((sample) => madeTrajectory({ group: 10, sample }).reward?.total ?? 0);
  expect(lines.slice(0, 3).map(({ advantage }) => advantage)).toEqual(advantagesOf(rewards, false).toReversed());
  const { promptIds, completionIds, logprobs } = completions.at(-1)!;
  expect(lines[0]).toMatchObject({ promptIds, completionIds, logprobs, policyVersion: 0, reward: rewards[2] });
});

test('an export that is stopped leaves nothing', async () => {
  const stop = new AbortController();
  const tables = await used.open({ signal: stop.signal });
  stop.abort();
  await expect(exportLines(tables, 'completions', {}, join(used.folder, 'a'))).rejects.toThrow();
  await expect(exportDataset(tables, {}, join(used.folder, 'b'))).rejects.toThrow();
  const failing = linesBeside(join(used.folder, 'c'), async (file) => {
    await file.add('half');
    throw new Error('stopped');
  });
  await expect(failing).rejects.toThrow('stopped');
  expect((await readdir(used.folder)).sort()).toEqual(['tables', 'tmp']);
});

test('a query sees the tables and no other file', async () => {
  const tables = await used.open({ confined: true });
  const ask = async (sql: string): Promise<unknown[]> => {
    const rows: unknown[] = [];
    for await (const row of tables.duck.objects(sql)) rows.push(row);
    return rows;
  };
  expect(await ask('SELECT count(*)::INTEGER AS n FROM trajectories')).toEqual([{ n: 9 }]);
  for (const sql of [
    "SELECT * FROM read_text('/etc/hostname')",
    `SELECT * FROM read_parquet(${quoted(join(used.folder, 'tables/trajectories/**/*.parquet'))})`,
    `COPY completions TO ${quoted(join(used.folder, 'stolen'))}`,
    'SET enable_external_access = true',
    'INSTALL httpfs',
    'SELECT nothing FROM completions',
  ])
    await expect(ask(sql), sql).rejects.toMatchObject({ code: expect.stringMatching(/^pool\.(query|engine)$/) });
  expect(await readdir(used.folder)).not.toContain('stolen');
});
