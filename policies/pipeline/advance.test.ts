// Whatever order groups end in, fail or hang, and wherever the driver is killed: each group ends in exactly one state, none trains twice, and
// nothing that is trained on is older than the scheduler's bound.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaignName } from '../../contracts/ids.ts';
import { type PipelineGroup, type PipelineRecord, pipelineRecord } from '../../contracts/pipeline.ts';
import { anySpec } from '../../tests/fixtures/scheduler-drive.fixture.ts';
import { createRandom } from '../random.ts';
import { type Advanced, advance, countsOf, firstRecord, type GroupEnd, roundOf, runningOf } from './advance.ts';
import { stalenessBound } from './scheduler-of.ts';

const campaign = campaignName.parse('overlap');
const copy = (record: PipelineRecord): PipelineRecord => pipelineRecord.parse(JSON.parse(JSON.stringify(record)));

interface Course {
  readonly seed: number;
  readonly rounds: number;
  readonly failing: number;
  readonly hanging: number;
  readonly reverting: number;
  readonly lost: number;
  readonly replacements?: number | undefined;
}
const anyCourse: fc.Arbitrary<Course> = fc.record({
  seed: fc.nat(),
  rounds: fc.integer({ min: 1, max: 8 }),
  failing: fc.constantFrom(0, 0.2, 0.9),
  hanging: fc.constantFrom(0, 0.1),
  reverting: fc.constantFrom(0, 0.4),
  lost: fc.constantFrom(0, 0.3),
  replacements: fc.constantFrom(undefined, 0, 1, 3),
});

interface Played {
  readonly groups: readonly PipelineGroup[];
  readonly record: PipelineRecord;
  readonly steps: readonly (readonly number[])[];
  /** Of each step, the version that it trained from, and what its groups were sampled by. */
  readonly sampled: readonly { readonly from: number; readonly by: readonly number[] }[];
}

/** A campaign's course with a driver that may be killed before what it decided is durable, and asks again. */
function play(spec: Parameters<typeof firstRecord>[0]['scheduler'], course: Course, stopAfter = course.rounds): Played {
  const random = createRandom('overlap', course.seed);
  let [now, version, latest, best] = [1_000, 0, 0, 0];
  const { rounds, replacements } = course;
  let record = firstRecord({
    ...{ campaign, scheduler: spec, rounds, version, now },
    ...(replacements === undefined ? {} : { replacements }),
  });
  const retired: PipelineGroup[] = [];
  const steps: number[][] = [];
  const sampled: { from: number; by: number[] }[] = [];
  /** Those that have ended, as the pool knows them; and those that never will. */
  const ends = new Map<number, GroupEnd>();
  const silent = new Set<number>();

  function move(how: { hold?: boolean; closing?: boolean } = {}): Advanced {
    for (;;) {
      const moved = advance(copy(record), { now, version, policy: latest, ended: ends, ...how });
      // Killed before the record was written: what was decided never happened.
      if (random.unit() < course.lost) {
        now += 1;
        continue;
      }
      record = copy({ ...moved.record, ...(moved.taken.length > 0 ? { step: stepOf(version + 1) } : {}) });
      retired.push(...moved.retired.groups);
      return moved;
    }
  }

  while (version < stopAfter) {
    const { drained, taken } = move();
    if (taken.length > 0) {
      steps.push([...taken]);
      const by = taken.map((position) => record.groups.find((group) => group.position === position)!.policy);
      sampled.push({ from: latest, by });
    }
    if (record.step !== undefined) {
      // While the round trains, some groups end and others start.
      for (let turn = random.below(4); turn > 0; turn -= 1) {
        endOne();
        move();
      }
      if (random.unit() < 0.3) move({ hold: true });
      version += 1;
      if (random.unit() < course.reverting) latest = best;
      else latest = version;
      if (latest === version && random.unit() < 0.5) best = version;
      continue;
    }
    if (drained) break;
    endOne();
  }
  move({ closing: true });
  return { groups: [...retired, ...record.groups], record, steps, sampled };

  function endOne(): void {
    now += 1;
    const running = runningOf(record).filter(({ position }) => !ends.has(position) && !silent.has(position));
    if (running.length === 0) {
      now += 100;
      return;
    }
    const { position } = running[random.below(running.length)]!;
    const kind = random.unit();
    if (kind < course.hanging) silent.add(position);
    else ends.set(position, { trainable: kind >= course.hanging + course.failing, length: 1 + random.below(9) });
  }
}

const stepOf = (round: number): NonNullable<PipelineRecord['step']> => {
  const sha256 = 'ab'.repeat(32) as never;
  return { round, plan: { uri: `store:objects/ab/${'ab'.repeat(32)}`, sha256, bytes: 1 }, rollouts: 1 };
};

const timed = anySpec.map((spec) => ({ ...spec, timeoutSeconds: 7 }));

describe('a campaign with overlap', () => {
  it('ends each group in exactly one state, trains none twice, and none older than the bound', () => {
    fc.assert(
      fc.property(timed, anyCourse, (spec, course) => {
        const { groups, record, steps, sampled } = play(spec, course);
        const positions = groups.map(({ position }) => position);
        if (new Set(positions).size !== positions.length) throw new Error('a group twice');
        const trained = groups.filter(({ state }) => state === 'trained');
        const lost = groups.filter(({ gaveUp }) => gaveUp !== undefined);
        if (trained.length + lost.length !== groups.length) throw new Error('a group in no state, or in two');
        const taken = steps.flat();
        if (new Set(taken).size !== taken.length) throw new Error('trained twice');
        expect(new Set(taken)).toEqual(new Set(trained.map(({ position }) => position)));
        for (const group of trained) {
          const old = group.taken!.version - group.version;
          if (old > stalenessBound(spec)) throw new Error(`${old} rounds old`);
          if (!steps[roundOf(group)! - 1]!.includes(group.position)) throw new Error('in another round');
        }
        // What a round trains on lies on the line of what it trains from.
        for (const { from, by } of sampled) if (by.some((number) => number > from)) throw new Error('left behind');
        const counts = countsOf(record);
        expect([counts.running, counts.ready, counts.training]).toEqual([0, 0, 0]);
        expect([counts.trained, counts.givenUp]).toEqual([trained.length, lost.length]);
      }),
      { numRuns: 150 },
    );
  });

  it('begins another group for each that is lost, and no more than its budget', () => {
    fc.assert(
      fc.property(timed, anyCourse, (spec, course) => {
        const { groups, record, steps } = play(spec, course);
        const { admitted } = record.replacements ?? { admitted: 0 };
        expect(record.enqueued).toBe(course.rounds * spec.batch + admitted);
        const lost = groups.filter(({ gaveUp }) => gaveUp !== undefined && gaveUp.reason !== 'ended').length;
        if (admitted > lost) throw new Error(`${admitted} for ${lost} that were lost`);
        if (admitted > (steps.length + 1) * (course.replacements ?? 0)) throw new Error('more than its budget');
      }),
      { numRuns: 60 },
    );
  });

  it('trains on whole rounds to its end where the budget suffices', () => {
    fc.assert(
      fc.property(timed, anyCourse, (spec, course) => {
        // One that trains in turn, or expires what is late, has smaller rounds by its own rule.
        if (spec.kind !== 'position-window') return;
        const failing = Math.min(course.failing, 0.2);
        const { steps } = play(spec, { ...course, failing, rounds: 4, replacements: 10_000 });
        expect(steps.map(({ length }) => length)).toEqual([1, 2, 3, 4].map(() => spec.batch));
      }),
      { numRuns: 60 },
    );
  });

  it('ends where every group is lost', () => {
    const spec = { kind: 'position-window', batch: 2, outstanding: 4, window: 2 } as const;
    const course = { seed: 1, rounds: 3, failing: 1, hanging: 0, reverting: 0, lost: 0 };
    const { groups, steps } = play(spec, { ...course, replacements: 2 });
    expect([groups.length, steps.length]).toEqual([8, 0]);
    expect(play(spec, course).groups).toHaveLength(6);
  });

  it('gives up what is open when there are no more rounds, and says so', () => {
    fc.assert(
      fc.property(timed, anyCourse, (spec, course) => {
        const { groups } = play(spec, { ...course, rounds: 8 }, 2);
        const ended = groups.filter(({ gaveUp }) => gaveUp?.reason === 'ended');
        if (ended.some(({ state }) => state !== 'tombstoned')) throw new Error('not a tombstone');
        if (groups.some(({ state, gaveUp }) => state !== 'trained' && gaveUp === undefined)) throw new Error('open');
      }),
      { numRuns: 50 },
    );
  });

  it('plays every round where nothing is lost', () => {
    fc.assert(
      fc.property(anySpec, anyCourse, (drawn, course) => {
        const { timeoutSeconds: _, ...spec } = drawn;
        const { steps } = play(spec, { ...course, failing: 0, hanging: 0, reverting: 0, rounds: 5 });
        // An age window may leave some behind.
        if (spec.kind !== 'age-window' && spec.kind !== 'admission-budget')
          expect(steps.map(({ length }) => length)).toEqual([1, 2, 3, 4, 5].map(() => spec.batch));
      }),
      { numRuns: 50 },
    );
  });
});

describe('time', () => {
  const spec = { kind: 'position-window', batch: 1, outstanding: 2, window: 1, timeoutSeconds: 600 } as const;
  const begin = (now: number): PipelineRecord => {
    const first = firstRecord({ campaign, scheduler: spec, rounds: 3, version: 0, now });
    return advance(first, { now, version: 0, policy: 0, ended: new Map() }).record;
  };
  const look = (record: PipelineRecord, now: number): PipelineRecord =>
    advance(record, { now, version: 0, policy: 0, ended: new Map() }).record;

  it('does not run while nobody looks: a worker that was away for a day finds its groups running', () => {
    const after = look(begin(0), 86_400);
    expect(runningOf(after).map(({ position }) => position)).toEqual([0, 1]);
  });

  it('runs while somebody does', () => {
    let record = begin(0);
    for (let now = 100; now <= 600; now += 100) record = look(record, now);
    expect(record.groups.filter(({ gaveUp }) => gaveUp?.reason === 'hung')).toHaveLength(2);
  });
});

it('begins after rounds that another campaign played', () => {
  const scheduler = { kind: 'admission-budget', batch: 2, eta: 1 } as const;
  const first = firstRecord({ campaign, scheduler, rounds: 5, version: 3, now: 0 });
  const { begun } = advance(first, { now: 0, version: 3, policy: 3, ended: new Map() });
  // Two batches ahead: of the round to come, and of the one after it.
  expect(begun).toEqual([6, 7, 8, 9]);
});

it('gives up what versions sampled that were left behind', () => {
  const scheduler = { kind: 'position-window', batch: 1, outstanding: 3, window: 1 } as const;
  const first = firstRecord({ campaign, scheduler, rounds: 9, version: 0, now: 0 });
  const none = new Map<number, GroupEnd>();
  const one = advance(first, { now: 0, version: 0, policy: 0, ended: none }).record;
  const ended = new Map([[0, { trainable: true, length: 1 }]]);
  const two = advance(one, { now: 1, version: 0, policy: 0, ended }).record;
  const three = advance(two, { now: 2, version: 1, policy: 1, ended: none }).record;
  const by = (record: PipelineRecord) =>
    record.groups.map(({ position, policy, gaveUp }) => [position, policy, gaveUp?.reason]);
  // The first has ended before the present version, and says nothing of what comes.
  expect(by(three)).toEqual([
    [1, 0, undefined],
    [2, 0, undefined],
    [3, 1, undefined],
  ]);
  const reverted = advance(three, { now: 3, version: 1, policy: 0, ended: none });
  expect(by(reverted.record).slice(2)).toEqual([
    [3, 1, 'reverted'],
    [4, 0, undefined],
  ]);
});
