// Ledgers of many plans out of one pass over a campaign's rows are those that each plan has by itself, from the records alone.
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { type CompletionRecord, outcome, type Trajectory } from '../../../contracts/trajectory.ts';
import { createFolderTables } from '../../../infra/store/table-files/folder.ts';
import { groupOf, type Signal } from '../../../policies/advantage.ts';
import { hasForeignWeights } from '../../../policies/answered-by.ts';
import { samplerOf } from '../../../policies/batch.ts';
import { poolLedger } from '../../../policies/pool-ledger.ts';
import { madeCompletion, madeSegment, madeSource, madeTrajectory } from '../../../tests/support/made-up-pool.ts';
import { useTables } from '../../../tests/support/use-tables.ts';
import { compact } from './compact.ts';
import { ledgersOf, type Planned } from './ledgers.ts';
import { openTables, type PoolTables } from './open.ts';

vi.setConfig({ testTimeout: 240_000 });
const used = useTables();
const campaign = 'made-up' as Planned['campaign'];
const signal: Signal = { by: 'group', divided: false };
/** More than ten, so that they do not come in the order of their numbers. */
const GROUPS = 12;
const VERSIONS = [0, 1];
/** Rounds whose groups are planned one by one, and one that is planned as a whole. */
const OVERLAPPING = [1, 2];
const WHOLE = 3;
const PLANS = 6;

type Id = Planned['rollouts'][number]['id'];
type Weights = NonNullable<Planned['policy']['weights']>;
const idOf = (group: string, sample: number): Id => `${group}/s${sample}` as Id;
const groupAt = (round: number, version: number, group: number): string =>
  `${campaign}/r${round}/train.v${version}/g${group}`;

const versioned = (number: number): Planned['policy'] => ({
  number,
  weights: { tag: `${number}-0123456789abcdef` as Weights['tag'], manifest: {} as Weights['manifest'] },
});

function planned(round: number, groups: readonly string[], isPart: boolean): Planned {
  return {
    ...{ campaign, round, purpose: 'train', policy: versioned(0) },
    ...(isPart ? { sampledBy: [versioned(1)] } : {}),
    // A third sample is one that nobody asked for.
    rollouts: groups.flatMap((group) => [0, 1].map((sample) => ({ id: idOf(group, sample) }))),
  };
}

const left = fc.record({
  round: fc.constantFrom(...OVERLAPPING, WHOLE),
  version: fc.constantFrom(...VERSIONS),
  group: fc.nat(GROUPS - 1),
  sample: fc.nat(2),
  outcome: fc.option(fc.constantFrom(...outcome.options, 'success' as const, 'success' as const), { nil: undefined }),
  completions: fc.nat(2),
  weights: fc.constantFrom(undefined, 0, 1),
  /** Its trajectory says that it is of another round. */
  astray: fc.constantFrom(false, false, false, true),
});

function recordsOf(some: readonly (typeof left extends fc.Arbitrary<infer T> ? T : never)[]) {
  const completions: CompletionRecord[] = [];
  const trajectories: Trajectory[] = [];
  for (const { round, version, group, sample, weights, ...one } of some) {
    const rollout = idOf(groupAt(round, version, group), sample);
    const ids = Array.from({ length: one.completions }, (_, index) => `${rollout}/c${index}` as CompletionRecord['id']);
    ids.forEach((id, index) => {
      const tagged = weights === undefined ? {} : { weights: versioned(weights).weights!.tag };
      completions.push(madeCompletion({ round, group, sample, index }, { rollout, id, ...tagged }));
    });
    if (one.outcome === undefined) continue;
    const made = madeTrajectory({ round, group, sample });
    trajectories.push({
      ...{ ...made, rollout, outcome: one.outcome, completions: ids },
      round: one.astray ? round + 7 : round,
    });
  }
  return { completions, trajectories };
}

/** What one plan's ledger is, from all records there are. */
function byItself(plan: Planned, { completions, trajectories }: ReturnType<typeof recordsOf>) {
  const groups = new Set(plan.rollouts.map(({ id }) => groupOf(id)));
  const whole = `${campaign}/r${plan.round}/train.v${plan.policy.number}/`;
  const isOf = ({ rollout }: { rollout: Id }): boolean =>
    plan.sampledBy === undefined ? rollout.startsWith(whole) : groups.has(groupOf(rollout));
  return poolLedger(
    plan.rollouts.map(({ id }) => id),
    trajectories.filter((one) => isOf(one) && !isAstray(one)).map((one) => ({ ...one, reward: one.reward?.total })),
    completions.filter(isOf).map((one) => ({
      ...{ ...one, tokens: one.completionIds.length },
      otherWeights: hasForeignWeights(plan, samplerOf(plan, one.rollout), one),
    })),
    signal,
  );
}
const isAstray = ({ rollout, round }: Trajectory): boolean => !rollout.includes(`/r${round}/`);

async function tablesOf({ completions, trajectories }: ReturnType<typeof recordsOf>): Promise<PoolTables> {
  const folder = join(used.folder, `${Math.random()}`);
  const files = createFolderTables(join(folder, 'tables'), join(folder, 'tmp'));
  const others = [madeCompletion({ campaign: 'another', group: 0, sample: 0 })];
  await compact(
    madeSource([
      madeSegment('completions', 1, [...completions, ...others]),
      ...(trajectories.length === 0 ? [] : [madeSegment('trajectories', 1, trajectories)]),
    ]),
    files,
  );
  return used.later(await openTables(files));
}

test('many plans at once have the ledgers that each has by itself', async () => {
  const places = OVERLAPPING.flatMap((round) =>
    VERSIONS.flatMap((version) => Array.from({ length: GROUPS }, (_, group) => groupAt(round, version, group))),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(left, {
        ...{ minLength: 30, maxLength: 120, size: 'max' },
        selector: ({ round, version, group, sample }) => idOf(groupAt(round, version, group), sample),
      }),
      // Which plan has a group; the last has none of them.
      fc.array(fc.nat(PLANS), { minLength: places.length, maxLength: places.length }),
      async (some, owners) => {
        const records = recordsOf(some);
        const plans = [
          ...Array.from({ length: PLANS }, (_, own) =>
            planned(
              1,
              places.filter((_place, at) => owners[at] === own),
              true,
            ),
          ),
          planned(
            WHOLE,
            [0, 1, 2, 3].map((group) => groupAt(WHOLE, 0, group)),
            false,
          ),
        ];
        const { ledgers, strangers } = await ledgersOf(await tablesOf(records), campaign, plans, signal);
        plans.forEach((plan, at) => {
          const { lines, counts, duplicates, strangers: own } = byItself(plan, records);
          expect(ledgers[at]).toMatchObject({ lines, counts, duplicates, strangers: own });
        });
        const homeless = ({ rollout }: { rollout: Id }): boolean => {
          const at = places.indexOf(groupOf(rollout));
          return at === -1 ? !rollout.startsWith(`${campaign}/r${WHOLE}/train.v0/`) : owners[at] === PLANS;
        };
        const all = [
          ...records.completions.filter(homeless),
          ...records.trajectories.filter((one) => homeless(one) || isAstray(one)),
        ];
        expect(strangers).toEqual([...new Set(all.map(({ rollout }) => rollout))].sort());
      },
    ),
    // Each smaller example would be tables made anew.
    { numRuns: 6, endOnFailure: true },
  );
});

test('a campaign’s rows are read once, whether it has one plan or one for each group', async () => {
  const groups = Array.from({ length: GROUPS }, (_, group) => groupAt(1, 0, group));
  const records = recordsOf(
    groups.flatMap((_, group) =>
      [0, 1].map((sample) => ({
        ...{ round: 1, version: 0, group, sample, outcome: 'success' as const, completions: 1 },
        ...{ weights: 0 as const, astray: false },
      })),
    ),
  );
  const tables = await tablesOf(records);
  for (const plans of [[planned(1, groups, true)], groups.map((group) => planned(1, [group], true))]) {
    const asked = { queries: 0, rows: 0 };
    const rows: PoolTables['duck']['rows'] = async function* (sql) {
      asked.queries += 1;
      for await (const row of tables.duck.rows(sql)) {
        asked.rows += 1;
        yield row;
      }
    };
    const watched: PoolTables = { ...tables, duck: { ...tables.duck, rows } };
    const { ledgers } = await ledgersOf(watched, campaign, plans, signal);
    expect(ledgers.map(({ balanced }) => balanced)).toEqual(plans.map(() => true));
    expect(asked).toEqual({ queries: 1, rows: records.completions.length + records.trajectories.length });
  }
});
