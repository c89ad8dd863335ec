// Where the answer is known without playing, playing gives it.
import { describe, expect, it } from 'vitest';
import { predictOne } from './predict.ts';
import { BASE, constant, exponentialValues, measured, predicted, specOf } from './spec.fixture.ts';

const source = 'assumption: a test';
const shared = { devices: 4, trainerShare: undefined };

describe('constant times', () => {
  it('synchronous: a step takes generation + training + weights, and the others wait', () => {
    const p = predicted();
    expect(p.seconds).toBeCloseTo(20 * (10 + 3 + 1), 9);
    expect(p.trainer).toMatchObject({ training: 3 / 14, syncing: 1 / 14, recovering: 0 });
    expect(p.engine.generating).toBeCloseTo(10 / 14, 9);
    expect(p.engine.empty).toBeCloseTo(3 / 14, 9);
    expect(p.engine.paused).toBeCloseTo(1 / 14, 9);
    expect([p.staleness.max, p.slotsUsed, p.tokens.wasted, p.tokens.open]).toEqual([0, 1, 0, 0]);
    // Half of the devices work 10 s of 14, the other half 3 s.
    expect(p.idle).toBeCloseTo(1 - (10 + 3) / 28, 9);
  });

  it('two waves where a batch has twice the slots', () => {
    expect(predicted({ batch: { rollouts: 8 }, rollout: { tokens: constant(100), perSlot: 2 } }).seconds).toBeCloseTo(
      20 * 24,
      9,
    );
  });

  it('more sequences on an engine share its speed: straight lines between the measured points', () => {
    const speed = [
      { running: 1, tokensPerSecond: 10 },
      { running: 4, tokensPerSecond: 22 },
    ];
    const at = (rollouts: number, devices: number) =>
      predicted({ batch: { rollouts }, engine: { devices: 1, slots: 8, speed, source } }, undefined, {
        devices,
        trainerShare: 0.5,
      }).seconds / 20;
    expect(at(1, 2)).toBeCloseTo(100 / 10 + 4, 9);
    expect(at(3, 2)).toBeCloseTo(100 / (18 / 3) + 4, 9);
    // Level after the last point.
    expect(at(8, 2)).toBeCloseTo(100 / (22 / 8) + 4, 9);
    expect(at(6, 4)).toBeCloseTo(100 / (18 / 3) + 4, 9);
  });

  it('environments on the engines’ devices: what both ask for is shared out', () => {
    const speed = [{ running: 1, tokensPerSecond: 10 }];
    const p = predicted(
      {
        ...{ batch: { rollouts: 4 }, engine: { devices: 1, slots: 1, speed, source } },
        rollout: {
          ...{ tokens: constant(100), environmentSeconds: constant(5), perSlot: 2 },
          environmentDevices: { value: 1, source },
        },
      },
      undefined,
      { devices: 4, trainerShare: 0.5 },
    );
    // Two write for 10 s. Two more write while the first are judged: four ask for two devices, and in 10 s do what alone takes 5. The rest of
    // the second two takes 5, and their judgement 5.
    expect(p.seconds / 20).toBeCloseTo(30 + 4, 9);
  });

  it('measures the new version after each step', () => {
    expect(predicted({ evaluation: { seconds: constant(6) } }).seconds).toBeCloseTo(20 * 20, 9);
  });

  it('by turns on the same devices: engines stand still while these train', () => {
    const p = predicted({ fleet: { devices: [4], shared: true } }, { kind: 'admission-budget', eta: 1 }, shared);
    // Ten seconds of generation between two steps, whatever may be started ahead.
    expect(p.seconds / 20).toBeCloseTo(14, 9);
    expect(p.engine).toMatchObject({ empty: 0 });
    expect(p.idle).toBeCloseTo(1 / 14, 9);
  });

  it('in parallel: as fast as the slower side, which does not wait', () => {
    const long = { trainer: { fixedSeconds: constant(30) }, steps: 200 };
    const trainerBound = predicted(long, { kind: 'admission-budget', eta: 2 });
    expect(trainerBound.seconds / 200).toBeCloseTo(31, 0);
    expect(trainerBound.trainer.waiting).toBeLessThan(0.01);
    const engineBound = predicted({ steps: 200 }, { kind: 'admission-budget', eta: 2 });
    // The engines lose the second of every step in which they get weights.
    expect(engineBound.seconds / 200).toBeCloseTo(11, 0);
    expect(engineBound.engine.empty).toBeLessThan(0.01);
  });

  it('a trainer of more devices is faster in proportion, or to a power', () => {
    const trainer = { tokensPerSecondPerDevice: measured(10), devicesPerReplica: 2, contextTokens: 50 };
    const training = (more: object, devices: number) => {
      const p = predicted({ trainer: { ...trainer, ...more } }, undefined, { devices, trainerShare: 0.5 });
      return (p.trainer.training * p.seconds) / 20;
    };
    expect(training({}, 8)).toBeCloseTo((4 * 150) / 40, 6);
    expect(training({}, 16)).toBeCloseTo((8 * 150 * 0.5) / 80, 6);
    expect(training({ scalingExponent: measured(0.5) }, 16)).toBeCloseTo((4 * 150) / (20 * 2), 6);
  });

  it('costs what the devices cost, the idle ones too', () => {
    const p = predicted({ fleet: { ...BASE.fleet, usdPerDeviceHour: measured(3.6) } });
    expect(p.cost?.usd).toBeCloseTo((8 * 280 * 3.6) / 3600, 9);
    expect(p.cost?.usdPerMillionTrainedTokens).toBeCloseTo((8 * 280 * 0.001 * 1e6) / 8000, 6);
  });
});

describe('chance', () => {
  it('synchronous waits for the slowest: the mean of the greatest of n uniform draws', () => {
    // Of n uniform draws the greatest is n/(n + 1) on average.
    const values = Array.from({ length: 1000 }, (_, index) => (index + 0.5) / 10);
    const steps = 4000;
    const p = predicted({ steps, rollout: { tokens: { values, source } } });
    expect(p.seconds / steps).toBeGreaterThan((4 / 5) * 10 + 4 - 0.1);
    expect(p.seconds / steps).toBeLessThan((4 / 5) * 10 + 4 + 0.1);
  });

  it('one trainer, N rollouts that come back when they were served: between M/D/1//N and M/M/1//N', () => {
    // Machine repair: N rollouts, each away for an exponential time of mean 10 s, one after another served in 2 s.
    const N = 4;
    const away = 10;
    const service = 2;
    const busy = (values: readonly number[]): number => {
      const p = predicted(
        {
          steps: 20_000 / 2,
          batch: { rollouts: 1 },
          rollout: { tokens: { values: exponentialValues(100, 1000), source } },
          trainer: { fixedSeconds: { values, source } },
          weights: { seconds: constant(0) },
        },
        { kind: 'age-window', outstandingBatches: N, maxAge: 1_000_000 },
      );
      return p.trainer.training;
    };
    // Utilisation is 1 - p0, p0 = 1 / Σ N!/(N-k)! · (service/away)^k.
    let sum = 0;
    for (let k = 0, term = 1; k <= N; term *= ((N - k) * service) / away, k += 1) sum += term;
    const markov = 1 - 1 / sum;
    expect(Math.abs(busy(exponentialValues(service, 1000)) - markov)).toBeLessThan(0.015);
    const fixed = busy([service]);
    expect(fixed).toBeGreaterThan(markov);
    // Nobody would ever have to wait for another one.
    expect(fixed).toBeLessThan((N * service) / (away + service));
  });

  it("Little's law: rollouts outstanding = rate × time that each spends", () => {
    const p = predicted(
      { steps: 2000, rollout: { tokens: { mean: 100, cv: 0.8, source } }, batch: { rollouts: 4 } },
      { kind: 'position-window', outstandingBatches: 2, windowShare: 0.5 },
    );
    const perSequence = p.tokens.generated / 10;
    expect(p.engine.generating * p.seconds * 4 * p.slotsUsed).toBeCloseTo(perSequence, 3);
    expect(p.tokens.trained / p.rollouts.trained).toBeGreaterThan(95);
    expect(p.tokens.trained / p.rollouts.trained).toBeLessThan(105);
  });

  it('a trainer that breaks down: e^(d/m) - 1 means of lost time a step', () => {
    const meanHours = 40 / 3600;
    const p = predicted({
      steps: 4000,
      trainer: { fixedSeconds: constant(3), breakdowns: { meanHours, recoverySeconds: 5, source } },
    });
    // Four devices: one fails every 10 s. Each attempt fails with 1 - e^(-0.3); lost work and recovery until one does not.
    const expected = 10 * Math.expm1(0.3) - 3 + 5 * Math.expm1(0.3);
    expect(Math.abs((p.trainer.recovering * p.seconds) / 4000 - expected)).toBeLessThan(0.15);
  });
});

it('says why a fleet cannot run', () => {
  const reason = (changes: Record<string, unknown>, devices: number) => {
    const found = predictOne(specOf(changes), { devices, trainerShare: 0.5 }, { kind: 'synchronous' });
    return found.kind === 'impossible' ? found.reason : undefined;
  };
  expect(reason({ trainer: { fixedSeconds: constant(1), devicesPerReplica: 8 } }, 8)).toBe(
    'the trainer needs 8 devices and gets 4',
  );
  expect(reason({ engine: { ...BASE.engine, devices: 5 } }, 8)).toBe('an engine needs 5 devices and gets 4');
  expect(reason({ rollout: { tokens: constant(100), timeoutSeconds: 5 } }, 8)).toContain(
    'nearly all fail, hang or expire',
  );
});
