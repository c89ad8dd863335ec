// The data pool as engines read it that share no line with us: each counts the rows and sums the tokens of tables that were made by
// `pool compact`, before and after rows were deleted and files rewritten, and of exports. `npm test -- engines` installs and runs them.
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import { compact } from '../../gateway/pool/tables/compact.ts';
import { exportDataset, exportLines } from '../../gateway/pool/tables/export.ts';
import { ask, type Counted, engines } from '../support/engines.ts';
import { madeCompletion, madeSegment, madeSource, madeTrajectory } from '../support/made-up-pool.ts';
import { useTables } from '../support/use-tables.ts';

// A virtual machine starts, or a cluster of one node.
vi.setConfig({ testTimeout: 900_000 });
const used = useTables();

/** Nine commits of a table: what an engine changes next is its tenth, after which engines write checkpoints of their own. */
const GROUPS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const completions = GROUPS.map((group) => {
  const record = madeCompletion({ group, sample: 0, round: group % 2, tokens: [10 + group, group] });
  return group === 3 ? { ...record, text: 'é — \ud800' } : record;
});
const trajectories = GROUPS.map((group) => madeTrajectory({ group, sample: 0, round: group % 2 }));
const source = madeSource([
  ...completions.map((record, at) => madeSegment('completions', at + 1, [record])),
  madeSegment('trajectories', 1, trajectories),
]);
/** As pool_engines.py deletes them. */
const kept = completions.filter(({ rollout }) => !rollout.includes('/g2/'));

function counted(records: readonly CompletionRecord[]): Counted {
  const sum = (of: (record: CompletionRecord) => number): number => records.reduce((total, one) => total + of(one), 0);
  return {
    rows: records.length,
    promptTokens: sum(({ promptIds }) => promptIds.length),
    completionTokens: sum(({ completionIds }) => completionIds.length),
    logprobs: expect.closeTo(
      sum(({ logprobs }) => logprobs.reduce((total, one) => total + one, 0)),
      9,
    ) as never,
  };
}

const table = (name = 'completions'): string => join(used.folder, 'tables', name);

/** As our own views see the table. */
async function ours(): Promise<Counted> {
  const { duck } = await used.open();
  for await (const row of duck.objects(
    `SELECT count(*)::INTEGER AS rows, sum(len("promptIds"))::INTEGER AS "promptTokens", sum(len("completionIds"))::INTEGER AS "completionTokens",
      sum(list_sum(logprobs)) AS logprobs FROM completions`,
  ))
    return row as unknown as Counted;
  throw new Error('it said nothing');
}

describe.skipIf(!engines.ray())('Ray Data', () => {
  test('reads a table', async () => {
    await compact(source, used.files, { groupBytes: 1 });
    expect(await ask('ray', used.folder, `table=${table()}`)).toEqual([counted(completions)]);
  });
});

describe.skipIf(!engines.datasets())('datasets', () => {
  test('loads an export of either form', async () => {
    await compact(source, used.files, { groupBytes: 1 });
    const tables = await used.open();
    const [dataset, lines] = [join(used.folder, 'dataset'), join(used.folder, 'completions.jsonl')];
    await exportDataset(tables, {}, dataset);
    // Half of a surrogate pair is no text outside of JavaScript.
    await exportLines(tables, 'completions', { round: 0 }, lines);
    expect(await ask('datasets', used.folder, `dataset=${dataset}`, `lines=${lines}`)).toEqual([
      counted(completions),
      counted(completions.filter(({ rollout }) => rollout.includes('/r0/'))),
    ]);
  });
});

describe.skipIf(!engines.spark())('Spark', () => {
  test('reads a table, deletes rows of it and rewrites its files, and everybody goes on reading it', async () => {
    await compact(source, used.files, { groupBytes: 1 });
    const path = table();
    expect(await ask('spark', used.folder, `table=${path}`, `delete=${path}`, `optimize=${path}`)).toEqual([
      counted(completions),
      counted(kept),
      counted(kept),
    ]);
    expect(await ours()).toEqual(counted(kept));
    // What was taken in stays taken in, and that rows are gone is told.
    const more = madeSource([
      ...completions.map((record, at) => madeSegment('completions', at + 1, [record])),
      madeSegment('completions', 10, [madeCompletion({ group: 10, sample: 0, tokens: [3, 2] })]),
      madeSegment('trajectories', 1, trajectories),
    ]);
    expect(await compact(more, used.files)).toMatchObject({ segments: 1 });
    expect((await ours()).rows).toBe(kept.length + 1);
    const { problems } = await used.verify(more);
    expect(problems.map(({ kind, where }) => `${kind}: ${where}`)).toEqual([
      "record_missing: record 0 of segment 2 of here's completions",
    ]);
    if (engines.ray())
      expect(await ask('ray', used.folder, `table=${path}`)).toMatchObject([{ rows: kept.length + 1 }]);
  });
});
