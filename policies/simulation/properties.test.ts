// What holds of every simulation, whatever its figures: nothing is lost or made up, and the promises of the schedulers are kept.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prediction } from '../../contracts/prediction.ts';
import type { SchedulerChoice } from '../../contracts/simulation.ts';
import { maxStaleness } from '../schedulers/position-window.ts';
import { predictOne } from './predict.ts';
import { simulate } from './simulate.ts';
import { constant, measured, specOf } from './spec.fixture.ts';

const source = 'assumption: a test';
const anyChoice: fc.Arbitrary<SchedulerChoice> = fc.oneof(
  fc.constant({ kind: 'synchronous' as const }),
  fc.record({
    kind: fc.constant('position-window' as const),
    outstandingBatches: fc.constantFrom(1, 1.5, 2, 4),
    windowShare: fc.constantFrom(0.05, 0.3, 1),
  }),
  fc.record({
    kind: fc.constant('age-window' as const),
    outstandingBatches: fc.constantFrom(1, 2, 3),
    maxAge: fc.integer({ min: 0, max: 4 }),
  }),
  fc.record({ kind: fc.constant('admission-budget' as const), eta: fc.constantFrom(0, 0.5, 1, 3) }),
);
const anySpec = fc
  .record({
    seed: fc.nat(1000),
    batch: fc.integer({ min: 1, max: 12 }),
    cv: fc.constantFrom(0, 0.5, 2),
    environment: fc.constantFrom(undefined, 0, 4),
    failing: fc.constantFrom(0, 0.3),
    hanging: fc.constantFrom(0, 0.1),
    slots: fc.integer({ min: 1, max: 5 }),
    perSlot: fc.constantFrom(1, 2),
    breaking: fc.boolean(),
    sync: fc.constantFrom(0, 1),
  })
  .map((d) =>
    specOf({
      ...{ seed: d.seed, steps: 12, batch: { rollouts: d.batch } },
      rollout: {
        tokens: { mean: 100, cv: d.cv, max: 2000, source },
        ...(d.environment === undefined ? {} : { environmentSeconds: { mean: d.environment, cv: 1, source } }),
        ...{ failureRate: measured(d.failing), hangRate: measured(d.hanging), timeoutSeconds: 400, perSlot: d.perSlot },
      },
      engine: {
        ...{ devices: 1, slots: d.slots, source },
        speed: [
          { running: 1, tokensPerSecond: 10 },
          { running: 4, tokensPerSecond: 25 },
        ],
        ...(d.breaking ? { breakdowns: { meanHours: 0.05, recoverySeconds: 20, source } } : {}),
      },
      weights: { seconds: constant(d.sync) },
    }),
  );
const anySplit = fc.constantFrom(
  { devices: 8, trainerShare: 0.5 },
  { devices: 3, trainerShare: 0.4 },
  { devices: 2, trainerShare: undefined },
);
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));
const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

describe('every prediction', () => {
  it('accounts for every rollout, token and second, and stays within what its scheduler promises', () => {
    let played = 0;
    fc.assert(
      fc.property(anySpec, anySplit, anyChoice, (spec, split, choice) => {
        const p = predictOne(spec, split, choice);
        if (p.kind === 'impossible') return;
        played += 1;
        prediction.parse(p);
        const { rollouts: r, tokens: t, scheduler: s } = p;
        must(r.started === r.trained + r.tombstoned + r.expired + r.open, `rollouts ${JSON.stringify(r)}`);
        must(near(t.generated, t.trained + t.wasted + t.open), `tokens ${JSON.stringify(t)}`);
        must(
          near(
            t.trained,
            p.steps.reduce((sum, step) => sum + step.tokens, 0),
          ),
          'trained tokens',
        );
        must(
          near(
            Object.values(p.trainer).reduce((a, b) => a + b),
            1,
          ),
          `trainer ${JSON.stringify(p.trainer)}`,
        );
        must(
          near(
            Object.values(p.engine).reduce((a, b) => a + b),
            1,
          ),
          `engine ${JSON.stringify(p.engine)}`,
        );
        const capacity = p.engines * Math.max(...spec.engine.speed.map((point) => point.tokensPerSecond));
        must(p.perSecond.generatedTokens <= capacity * p.engine.generating * (1 + 1e-9), 'faster than its engines');
        for (const [at, step] of p.steps.entries()) {
          must(step.version === at + 1 && step.rollouts > 0, 'steps');
          must(step.takenAt >= (p.steps[at - 1]?.durableAt ?? 0), 'two steps at once');
          must(step.takenAt <= step.trainedAt && step.trainedAt <= step.durableAt, 'time runs back');
        }
        const oldest =
          s.kind === 'position-window'
            ? maxStaleness(s)
            : s.kind === 'synchronous'
              ? 0
              : s.kind === 'age-window'
                ? s.maxAge
                : Math.ceil(s.eta);
        must(p.staleness.max <= oldest, `${p.staleness.max} versions old; ${oldest} allowed`);
        must(s.kind !== 'position-window' || p.disorder.max < s.window, `disorder ${p.disorder.max}`);
      }),
      { numRuns: 150 },
    );
    expect(played).toBeGreaterThan(100);
  });

  it('is the same for the same seed, and another one for another', () => {
    const choice = { kind: 'admission-budget', eta: 1 } as const;
    const at = (seed: number) =>
      JSON.stringify(
        predictOne(
          specOf({ seed, rollout: { tokens: { mean: 100, cv: 1, source }, failureRate: measured(0.1) } }),
          { devices: 8, trainerShare: 0.5 },
          choice,
        ),
      );
    expect(at(3)).toBe(at(3));
    expect(at(3)).not.toBe(at(4));
  });
});

it("Little's law: N stay outstanding, so N = rate × time from a rollout's start to the durable version", () => {
  const { engine, trainer, weights } = specOf();
  const played = simulate({
    ...{ seed: 5, steps: 3000, shared: false },
    scheduler: { kind: 'position-window', batch: 1, outstanding: 4, window: 2 },
    engines: { engines: 4, slots: 1, speed: engine.speed },
    rollout: { tokens: { mean: 100, cv: 0.8, source }, perSlot: 1 },
    trainer: { fixedSeconds: trainer.fixedSeconds, contextTokens: 0 },
    weights: weights.seconds,
  });
  let seconds = 0;
  let count = 0;
  for (const { taken, startedAt } of played.rollouts) {
    if (taken === undefined) continue;
    seconds += played.steps[taken.version]!.durableAt - startedAt;
    count += 1;
  }
  // The last few are still under way.
  expect((count / played.seconds) * (seconds / count)).toBeCloseTo(4, 1);
});

it('10,000 GPUs for 100 steps take seconds of one core', () => {
  const spec = specOf({
    ...{ steps: 100, batch: { rollouts: 1000 } },
    rollout: { tokens: { mean: 6000, cv: 1.2, max: 60_000, source }, failureRate: measured(0.01) },
    engine: {
      ...{ devices: 4, slots: 56, speed: [{ running: 32, tokensPerSecond: 1920 }], source },
      breakdowns: { meanHours: 20_000, recoverySeconds: 600, source },
    },
    trainer: { devicesPerReplica: 64, tokensPerSecondPerDevice: measured(1000), contextTokens: 10_000 },
  });
  // Processor time, so that what else the machine does is no matter.
  const before = process.cpuUsage().user;
  const choice = { kind: 'position-window', outstandingBatches: 4, windowShare: 0.3 } as const;
  const p = predictOne(spec, { devices: 10_000, trainerShare: 0.4 }, choice);
  expect((process.cpuUsage().user - before) / 1e6).toBeLessThan(15);
  expect(p).toMatchObject({ kind: 'predicted', engines: 1508, rollouts: { trained: 100_000 } });
}, 240_000);
