import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedulerRecords, schedulerSpec } from '../../contracts/scheduler.ts';
import { anyCourse, anySpec, type Played, play } from '../../tests/fixtures/scheduler-drive.fixture.ts';
import { createRandom } from '../random.ts';
import type { SchedulerEvent } from './contract.ts';
import { createScheduler } from './scheduler.ts';

const RUNS = { numRuns: 200 };
/** In loops: `toEqual` takes a hundred times as long. */
function same(got: unknown, wanted: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(wanted)) expect(got).toEqual(wanted);
}
const of = <K extends SchedulerEvent['kind']>(log: readonly SchedulerEvent[], kind: K) =>
  log.filter((event): event is Extract<SchedulerEvent, { kind: K }> => event.kind === kind);
const everyCourse = (check: (played: Played, rollouts: number) => void): void =>
  fc.assert(
    fc.property(anySpec, anyCourse, (spec, course) => check(play(spec, course), course.rollouts)),
    RUNS,
  );

describe('under any order of completions, failures and time-outs', () => {
  it('starts nothing twice, in the order of the queue, and loses nothing', () => {
    everyCourse(({ log }, rollouts) => {
      const started = of(log, 'started').map((event) => event.position);
      same(
        started,
        Array.from({ length: rollouts }, (_, position) => position),
      );
    });
  });

  it('ends every started rollout once: trained, tombstoned or expired; so it never stops before the end', () => {
    everyCourse(({ log, scheduler }, rollouts) => {
      const ends = [
        ...of(log, 'taken').flatMap((event) => event.positions),
        ...of(log, 'tombstoned').map((event) => event.position),
      ];
      same(
        [...ends].sort((a, b) => a - b),
        Array.from({ length: rollouts }, (_, position) => position),
      );
      const states = scheduler.records().rollouts.map((one) => one.state);
      same(
        states.every((state) => ['trained', 'tombstoned', 'expired'].includes(state)),
        true,
      );
      const { waiting, running, ready, training } = scheduler.counts();
      same([waiting, running, ready, training], [0, 0, 0, 0]);
    });
  });

  it('never trains on what failed or hung, and never with two steps at once', () => {
    everyCourse(({ log }) => {
      const finished = new Set<number>();
      let isTraining = false;
      for (const event of log) {
        if (event.kind === 'finished') finished.add(event.position);
        if (event.kind === 'trained') isTraining = false;
        if (event.kind !== 'taken') continue;
        expect(isTraining).toBe(false);
        expect(event.positions.every((position) => finished.has(position))).toBe(true);
        isTraining = true;
      }
    });
  });

  it('gives up what runs longer than the time-out, when it is asked at that time, and not before', () => {
    fc.assert(
      fc.property(anySpec, anyCourse, (spec, course) => {
        const timed = { ...spec, timeoutSeconds: 7 };
        const again = createScheduler(timed);
        const hungAt = (now: number): number[] =>
          again.decide(now).tombstone.flatMap((one) => (one.reason === 'hung' ? [one.position] : []));
        for (const event of play(timed, course).log) {
          again.apply(event);
          const all = [...again.rollouts()];
          const since = all.flatMap((one) => (one.state === 'running' ? [one.startedAt] : []));
          const next = again.nextTimeout();
          if (next !== (since.length === 0 ? undefined : Math.min(...since) + 7))
            throw new Error('wakes at another time');
          if (next === undefined) continue;
          const hung = all.flatMap((one) => (one.state === 'hung' ? [one.position] : []));
          const due = all.flatMap((one) =>
            one.state === 'running' && one.startedAt + 7 <= next ? [one.position] : [],
          );
          same(hungAt(next - 0.01), hung);
          same(
            hungAt(next),
            [...hung, ...due].sort((a, b) => a - b),
          );
        }
      }),
      { numRuns: 40 },
    );
  });

  it('runs no more at once than it may', () => {
    fc.assert(
      fc.property(anySpec, anyCourse, fc.integer({ min: 1, max: 6 }), (spec, course, concurrency) => {
        const running = new Set<number>();
        for (const event of play({ ...spec, concurrency }, course).log) {
          if (event.kind === 'started') running.add(event.position);
          else if ('position' in event) running.delete(event.position);
          if (running.size > concurrency) throw new Error(`${running.size} run`);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('after a crash', () => {
  it('the records give the same decisions, in whatever order they are read', () => {
    fc.assert(
      fc.property(anySpec, anyCourse, fc.nat(), (spec, course, cut) => {
        const { log, asked } = play(spec, course);
        const until = asked[cut % asked.length]!;
        const live = createScheduler(spec);
        for (const event of log.slice(0, until)) live.apply(event);
        const records = schedulerRecords.parse(JSON.parse(JSON.stringify(live.records())));
        const shuffled = createRandom(cut).shuffle(records.rollouts);
        const resumed = createScheduler(spec, { ...records, rollouts: shuffled });
        for (const event of [undefined, ...log.slice(until)]) {
          if (event !== undefined) same(resumed.apply(event), live.apply(event));
          for (const now of [0, 1e9]) same(resumed.decide(now), live.decide(now));
        }
        same(resumed.records(), live.records());
      }),
      { numRuns: 200 },
    );
  });

  it('what is told again, or too late, changes nothing', () => {
    fc.assert(
      fc.property(anySpec, anyCourse, (spec, course) => {
        const { log } = play(spec, course);
        const again = createScheduler(spec);
        for (const [index, event] of log.entries()) {
          again.apply(event);
          const before = again.records();
          for (const old of log.slice(Math.max(0, index - 12), index + 1))
            if (old.kind !== 'enqueued') same(again.apply(old), false);
          same(again.records(), before);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('a version counts from where it was durable, not from zero', () => {
    const spec = schedulerSpec.parse({ kind: 'admission-budget', batch: 2, eta: 1 });
    const rollouts = [0, 1, 2, 3].map((position) => ({
      ...{ position, state: 'trained' as const, version: 0, startedAt: 0, length: 1 },
      taken: { version: position >> 1, order: position, disorder: 0 },
    }));
    const resumed = createScheduler(spec, { enqueued: 100, version: 2, closed: false, rollouts });
    // (1 + 2 + 1) · 2 in all, of which four have been accepted.
    expect(resumed.decide(0).start).toEqual([4, 5, 6, 7]);
    // A counter that began at zero would start none, one that forgot what was accepted eight.
    expect(
      createScheduler(spec, { enqueued: 100, version: 0, closed: false, rollouts: [] }).decide(0).start,
    ).toHaveLength(4);
  });
});

it('the same events give the same decisions', () => {
  fc.assert(
    fc.property(anySpec, anyCourse, (spec, course) => {
      same(play(spec, course).log, play(spec, course).log);
    }),
    { numRuns: 40 },
  );
});

it('refuses a position that was never given out, and records that name one twice', () => {
  const spec = schedulerSpec.parse({ kind: 'synchronous', batch: 2 });
  expect(() => createScheduler(spec).apply({ kind: 'failed', position: 0 })).toThrow(RangeError);
  const record = { position: 0, state: 'ready' as const, version: 0, startedAt: 0 };
  const twice = { enqueued: 1, version: 0, closed: false, rollouts: [record, record] };
  expect(() => createScheduler(spec, twice)).toThrow('recorded twice');
});
