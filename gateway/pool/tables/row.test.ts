import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFolderTables } from '../../../infra/store/table-files/folder.ts';
import { madeCompletion, madeSegment, madeSource, madeTrajectory } from '../../../tests/support/made-up-pool.ts';
import { useTables } from '../../../tests/support/use-tables.ts';
import { closing } from './closing.ts';
import { compact } from './compact.ts';
import { openTables } from './open.ts';
import { storedRecords } from './stored.ts';

const used = useTables();

/** Halves of surrogate pairs, NUL and all: what a model's server may answer. */
const text = fc.string({
  unit: fc.oneof(fc.constantFrom('\ud800', '\udc00', '\0', '"', '\\', '\n', '\u{1f600}'), fc.string()),
});
const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const id = fc.integer({ min: 0, max: 2 ** 53 - 1 });

test('a completion comes back from Parquet as it was, whatever is in it', async () => {
  const some = fc.record({
    ...{ text, promptIds: fc.array(id, { maxLength: 5 }), completionIds: fc.array(id, { maxLength: 5 }) },
    logprobs: fc.array(number, { maxLength: 5 }),
    messages: fc.array(fc.record({ role: text, content: text }), { maxLength: 3 }),
    error: fc.option(text, { nil: undefined }),
    milliseconds: number.map(Math.abs),
    startedAt: fc.constantFrom('2026-02-28T23:59:59Z', '2026-02-28T23:59:59.123456Z', '1999-12-31T00:00:00.001Z'),
    sampling: fc.record({ temperature: number, maxTokens: id, seed: fc.option(id, { nil: undefined }) }),
    weights: fc.constantFrom(undefined, '3-0123456789abcdef'),
    redacted: fc.constantFrom(undefined, { secrets: 1, kinds: ['jwt'], completionTokens: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(some, { minLength: 1, maxLength: 40 }), async (many) => {
      const records = many.map((one, group) => {
        const known = Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined));
        return { ...madeCompletion({ group, sample: 0 }), ...known };
      });
      const written = records.map((record) => JSON.parse(JSON.stringify(record)) as { id: string });
      const found = await back(madeSegment('completions', 1, records), 'completions');
      expect(found.toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1))).toEqual(
        written.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      );
    }),
    { numRuns: 8 },
  );
}, 240_000);

test('a trajectory too, with everything that it may have', async () => {
  const plain = madeTrajectory({ group: 1, sample: 0 });
  const { reward: _none, ...failed } = madeTrajectory({ group: 2, sample: 0 });
  const records = [
    plain,
    { ...failed, outcome: 'infrastructure_failure', reason: 'the sandbox \ud800 broke', capability: 'strings' },
    { ...madeTrajectory({ group: 3, sample: 0 }), artifact: { text: 'é', sha256: 'a'.repeat(64), bytes: 2 } },
    {
      ...madeTrajectory({ group: 4, sample: 0 }),
      episode: { uri: `store:objects/aa/${'a'.repeat(64)}`, sha256: 'a'.repeat(64), bytes: 2 },
    },
  ];
  expect(await back(madeSegment('trajectories', 1, records), 'trajectories')).toEqual(records);
});

async function back(segment: ReturnType<typeof madeSegment>, stream: 'completions' | 'trajectories') {
  // A folder each: a segment of the same name would be known already.
  const files = createFolderTables(join(used.folder, `tables-${randomUUID()}`), join(used.folder, 'tmp'));
  await compact(madeSource([segment]), files);
  return closing(await openTables(files), async (tables) => {
    const found: Readonly<Record<string, unknown>>[] = [];
    for await (const { record, intact } of storedRecords(tables, stream, 'true ORDER BY rollout')) {
      expect(intact).toBe(true);
      found.push(record);
    }
    return found;
  });
}
