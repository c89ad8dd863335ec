// What each kind promises, and the paper's figures.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SchedulerSpec, schedulerSpec } from '../../contracts/scheduler.ts';
import { anyCourse, anySpec, type Drawn, play } from '../../tests/fixtures/scheduler-drive.fixture.ts';
import type { Scheduler } from './contract.ts';
import { schedulerMetrics } from './metrics.ts';
import { maxDisorder, maxLag, maxStaleness } from './position-window.ts';
import { createScheduler } from './scheduler.ts';

type Kind<K extends SchedulerSpec['kind']> = Extract<SchedulerSpec, { kind: K }>;
function every<K extends SchedulerSpec['kind']>(
  kind: K,
  check: (spec: Kind<K>, scheduler: Scheduler, course: Drawn) => void,
) {
  const specs = anySpec.filter((spec): spec is Kind<K> => spec.kind === kind);
  fc.assert(
    fc.property(specs, anyCourse, (spec, course) => check(spec, play(spec, course).scheduler, course)),
    { numRuns: 100 },
  );
}
const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

/** Carries out what is decided, and tells what is said, with time standing still. */
function table(spec: SchedulerSpec, enqueued: number) {
  const scheduler = createScheduler(spec);
  scheduler.apply({ kind: 'enqueued', count: enqueued });
  const settle = (): readonly number[] => {
    for (;;) {
      const { start, train, tombstone } = scheduler.decide(0);
      for (const one of tombstone) scheduler.apply({ kind: 'tombstoned', ...one });
      for (const position of start) scheduler.apply({ kind: 'started', position, at: 0 });
      if (train.length > 0) {
        scheduler.apply({ kind: 'taken', positions: train });
        return train;
      }
      if (start.length + tombstone.length === 0) return [];
    }
  };
  settle();
  return {
    scheduler,
    settle,
    /** Ends one; what is trained on for it, and for what its version lets go on, in order. */
    finish(position: number): number[] {
      scheduler.apply({ kind: 'finished', position, length: 1 });
      const trained: number[] = [];
      for (let batch = settle(); batch.length > 0; batch = settle()) {
        trained.push(...batch);
        scheduler.apply({ kind: 'trained', version: scheduler.counts().version + 1 });
      }
      return trained;
    },
  };
}

describe('position window', () => {
  const paper = schedulerSpec.parse({
    kind: 'position-window',
    batch: 1,
    outstanding: 8,
    window: 4,
  }) as Kind<'position-window'>;

  it('N = 8 and W = 4 give disorder 3 and lag 10, and both are reached', () => {
    expect([maxDisorder(paper), maxLag(paper), maxStaleness(paper)]).toEqual([3, 10, 10]);
    const { finish, scheduler } = table(paper, 100);
    // Everybody goes in order up to 7, which is the last that could start with version 0; then it holds on while the
    // three after it overtake.
    for (const position of [0, 1, 2, 3, 4, 5, 6]) expect(finish(position)).toEqual([position]);
    expect(finish(10)).toEqual([10]);
    expect(finish(9)).toEqual([9]);
    expect(finish(8)).toEqual([8]);
    // Outside of [7, 10]: done, and blocked.
    expect(finish(11)).toEqual([]);
    expect(finish(7)).toEqual([7, 11]);
    const { disorder, lag, staleness, overtaken } = schedulerMetrics(scheduler.rollouts());
    expect([disorder.max, lag.max, staleness.max, overtaken.max]).toEqual([3, 10, 10, 3]);
  });

  it('no order of completions goes beyond either, whatever N, W and batch', () => {
    every('position-window', (spec, scheduler) => {
      const { disorder, lag, staleness, overtaken, expired } = schedulerMetrics(scheduler.rollouts());
      must(disorder.max <= maxDisorder(spec), `disorder ${disorder.max}`);
      must(overtaken.max <= maxDisorder(spec), `overtaken ${overtaken.max}`);
      must(lag.max <= maxLag(spec), `lag ${lag.max}`);
      must(staleness.max <= maxStaleness(spec), `staleness ${staleness.max}`);
      must(expired === 0, 'something expired');
    });
  });

  it('takes nothing beyond the window, by the log alone', () => {
    const specs = anySpec.filter((spec): spec is Kind<'position-window'> => spec.kind === 'position-window');
    fc.assert(
      fc.property(specs, anyCourse, (spec, course) => {
        const gone = new Set<number>();
        let head = 0;
        for (const event of play(spec, course).log) {
          if (event.kind === 'tombstoned') gone.add(event.position);
          for (const position of event.kind === 'taken' ? event.positions : []) {
            while (gone.has(head)) head += 1;
            must(position >= head && position < head + spec.window, `${position} is not in the window from ${head}`);
            gone.add(position);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('a head that failed is a tombstone, over which the window moves on', () => {
    const { finish, settle, scheduler } = table(paper, 100);
    for (const position of [1, 2, 3]) expect(finish(position)).toEqual([position]);
    expect(finish(4)).toEqual([]);
    scheduler.apply({ kind: 'failed', position: 0 });
    expect(settle()).toEqual([4]);
  });

  it('is first in, first out where W is 1', () => {
    const { finish } = table({ ...paper, window: 1 }, 100);
    expect([3, 1, 2, 0].map(finish)).toEqual([[], [], [], [0, 1, 2, 3]]);
  });
});

describe('synchronous', () => {
  it('trains on nothing stale, in batches that are whole but for what was lost', () => {
    every('synchronous', (_, scheduler) => {
      const { staleness, expired } = schedulerMetrics(scheduler.rollouts());
      must(staleness.max === 0 && expired === 0, `staleness ${staleness.max}`);
    });
    const { finish, settle, scheduler } = table(schedulerSpec.parse({ kind: 'synchronous', batch: 3 }), 100);
    expect([finish(0), finish(2)]).toEqual([[], []]);
    scheduler.apply({ kind: 'failed', position: 1 });
    expect(settle()).toEqual([0, 2]);
    expect(scheduler.decide(0).start).toEqual([]);
    scheduler.apply({ kind: 'trained', version: 1 });
    expect(scheduler.decide(0).start).toEqual([3, 4, 5]);
  });
});

describe('age window', () => {
  it('trains on nothing older than it may', () => {
    every('age-window', (spec, scheduler) => {
      const { staleness } = schedulerMetrics(scheduler.rollouts());
      must(staleness.max <= spec.maxAge, `staleness ${staleness.max}`);
    });
  });

  it('gives up what runs and can only become older', () => {
    const spec = schedulerSpec.parse({ kind: 'age-window', batch: 1, outstanding: 3, maxAge: 1 });
    const { finish, scheduler } = table(spec, 100);
    expect([finish(1), finish(2)]).toEqual([[1], [2]]);
    expect(scheduler.records().rollouts[0]).toMatchObject({ state: 'expired', version: 0 });
  });
});

describe('admission budget', () => {
  it('trains on nothing older than η, and never holds more than (η + v + 1) · B', () => {
    every('admission-budget', (spec, scheduler) => {
      const { staleness } = schedulerMetrics(scheduler.rollouts());
      must(staleness.max <= Math.ceil(spec.eta), `staleness ${staleness.max}`);
    });
    fc.assert(
      fc.property(fc.constantFrom(0, 0.5, 1, 3), fc.integer({ min: 1, max: 5 }), anyCourse, (eta, batch, course) => {
        const spec: SchedulerSpec = { kind: 'admission-budget', batch, eta };
        const again = createScheduler(spec);
        for (const event of play(spec, course).log) {
          again.apply(event);
          const { version, trained, training, ready, running } = again.counts();
          must(trained + training + ready + running <= (eta + version + 1) * batch, 'over its budget');
        }
      }),
      { numRuns: 60 },
    );
  });

  it('nothing expires while completions come in turn', () => {
    const { finish, scheduler } = table({ kind: 'admission-budget', batch: 2, eta: 1 }, 100);
    const trained = Array.from({ length: 40 }, (_, position) => finish(position)).flat();
    expect(trained).toEqual(Array.from({ length: 40 }, (_, position) => position));
    expect(schedulerMetrics(scheduler.rollouts())).toMatchObject({ expired: 0, staleness: { max: 1 } });
  });
});

describe('metrics', () => {
  it('count everybody once', () => {
    fc.assert(
      fc.property(anySpec, anyCourse, (spec, course) => {
        const m = schedulerMetrics(play(spec, course).scheduler.rollouts());
        must(m.started === m.trained + m.tombstoned + m.expired + m.open, 'started');
        must(m.histogram.reduce((sum, count) => sum + count, 0) === m.taken, 'histogram');
      }),
      { numRuns: 60 },
    );
  });

  it('show the bias against the long ones, and who was overtaken', () => {
    const rollout = (position: number, length: number, order?: number) => ({
      ...{ position, length, version: 0, startedAt: 0 },
      ...(order === undefined
        ? { state: 'expired' as const }
        : { state: 'trained' as const, taken: { version: order, order, disorder: 0 } }),
    });
    const m = schedulerMetrics([rollout(0, 10, 2), rollout(1, 10, 0), rollout(2, 10, 1), rollout(3, 50)]);
    expect(m.lengthBias).toEqual({ trained: 10, started: 20, relative: -0.5 });
    expect(m.overtaken).toMatchObject({ max: 2, p50: 0 });
    expect([m.lag.max, m.staleness.mean, m.histogram]).toEqual([2, 1, [1, 1, 1]]);
  });
});

it('a batch that cannot fill is refused', () => {
  const { error } = schedulerSpec.safeParse({ kind: 'age-window', batch: 4, outstanding: 3, maxAge: 1 });
  expect(error?.issues[0]).toMatchObject({
    path: ['outstanding'],
    message: expect.stringContaining('at least the batch'),
  });
});
