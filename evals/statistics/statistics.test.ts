import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom, type Random } from '../../policies/random.ts';
import { estimateMean, estimatePairedDifference, type Observation } from './estimate.ts';
import { normalQuantile, sampleQuantile, studentQuantile } from './quantiles.ts';
import { wilson } from './wilson.ts';

const OPTIONS = { confidence: 0.95, seed: 3 };

test('quantiles agree with tables', () => {
  for (const [p, z] of [
    [0.5, 0],
    [0.975, 1.959963985],
    [0.995, 2.575829304],
    [0.01, -2.326347874],
    [0.0005, -3.290526731],
  ] as const)
    expect(normalQuantile(p)).toBeCloseTo(z, 6);
  for (const [p, n, t] of [
    [0.975, 1, 12.7062],
    [0.975, 2, 4.30265],
    [0.975, 3, 3.18245],
    [0.975, 10, 2.22814],
    [0.95, 5, 2.01505],
    [0.995, 30, 2.75],
  ] as const)
    expect(Math.abs(studentQuantile(p, n) / t - 1)).toBeLessThan(0.005);
  expect(sampleQuantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(() => normalQuantile(1)).toThrow(RangeError);
});

test("Wilson's interval: published values, and its bounds", () => {
  // Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3.
  expect(wilson(81 / 263, 263, 0.95).low).toBeCloseTo(0.2553, 4);
  expect(wilson(81 / 263, 263, 0.95).high).toBeCloseTo(0.3662, 4);
  expect(wilson(0, 20, 0.95)).toMatchObject({ low: 0 });
  expect(wilson(0, 20, 0.95).high).toBeCloseTo(0.1611, 4);
  expect(wilson(0, 0, 0.95)).toEqual({ low: 0, high: 1 });
  fc.assert(
    fc.property(fc.nat(200), fc.integer({ min: 1, max: 200 }), (k, n) => {
      const p = Math.min(k, n) / n;
      const { low, high } = wilson(p, n, 0.9);
      expect(0 <= low && low <= p && p <= high && high <= 1 && low < high).toBe(true);
    }),
  );
});

const bits = fc.array(fc.record({ value: fc.constantFrom(0, 1), cluster: fc.constantFrom('a', 'b', 'c', 'd') }), {
  minLength: 1,
});
const values = fc.array(
  fc.record({ value: fc.double({ min: 0, max: 1, noNaN: true }), cluster: fc.constantFrom('a', 'b', 'c') }),
  {
    minLength: 1,
    maxLength: 30,
  },
);

test('a mean lies in its interval, which does not depend on the order of the data', () => {
  fc.assert(
    fc.property(fc.oneof(bits, values), (data) => {
      const e = estimateMean(data, OPTIONS);
      const mean = data.reduce((sum, o) => sum + o.value, 0) / data.length;
      expect(e.value).toBeCloseTo(mean, 12);
      expect(e.low <= e.value && e.value <= e.high && e.low < e.high).toBe(true);
      expect(e.low).toBeGreaterThanOrEqual(0);
      expect(e.high).toBeLessThanOrEqual(1);
      expect(e.n).toBe(data.length);
      const again = estimateMean([...data].reverse(), OPTIONS);
      expect([again.low, again.high].map((x) => x.toFixed(9))).toEqual([e.low, e.high].map((x) => x.toFixed(9)));
    }),
    { numRuns: 60 },
  );
});

test('no data, one cluster, no spread', () => {
  expect(estimateMean([], OPTIONS)).toEqual({ value: 0, low: 0, high: 1, n: 0, clusters: 0 });
  const same = (count: number, value: number) =>
    Array.from({ length: count * 8 }, (_, index) => ({ value, cluster: `f${index % count}` }));
  // Eight samples of one function tell less than eight functions.
  expect(estimateMean(same(1, 1), OPTIONS).low).toBeLessThan(estimateMean(same(8, 1), OPTIONS).low);
  const sure = estimateMean(same(40, 0), OPTIONS);
  expect(sure).toMatchObject({ value: 0, low: 0 });
  expect(sure.high).toBeGreaterThan(0.05);
  expect(sure.high).toBeLessThan(0.12);
  const constant = estimateMean(same(40, 0.5), OPTIONS);
  expect(constant.low).toBeLessThan(0.5);
  expect(constant.high).toBeGreaterThan(0.5);
});

test('clusters that agree within widen the interval', () => {
  const make = (cluster: (index: number) => string) =>
    Array.from({ length: 160 }, (_, index) => ({ value: Math.floor(index / 8) % 2, cluster: cluster(index) }));
  const together = estimateMean(
    make((index) => `f${Math.floor(index / 8)}`),
    OPTIONS,
  );
  const spread = estimateMean(
    make((index) => `f${index % 8}-${Math.floor(index / 80)}`),
    OPTIONS,
  );
  expect(together.high - together.low).toBeGreaterThan(1.5 * (spread.high - spread.low));
});

test('a paired difference uses common tasks only and is deterministic', () => {
  const rate = (task: string, value: number) => ({ task, cluster: task.slice(0, 1), value });
  const before = [rate('a1', 0), rate('a2', 0.5), rate('b1', 0.5), rate('c1', 1), rate('z9', 1)];
  const after = [rate('a1', 0.5), rate('a2', 1), rate('b1', 0.5), rate('c1', 1), rate('y9', 0)];
  const e = estimatePairedDifference(after, before, OPTIONS);
  expect(e).toMatchObject({ value: 0.25, n: 4, clusters: 3 });
  expect(estimatePairedDifference([...after].reverse(), before, OPTIONS)).toEqual(e);
  const back = estimatePairedDifference(before, after, OPTIONS);
  expect(back.value).toBe(-0.25);
  expect(estimatePairedDifference([], before, OPTIONS)).toEqual({ value: 0, low: -1, high: 1, n: 0, clusters: 0 });
  expect(() => estimatePairedDifference([rate('a', 1), rate('a', 0)], before, OPTIONS)).toThrow(RangeError);
  const equal = estimatePairedDifference(before, before, OPTIONS);
  expect(equal.value).toBe(0);
  expect(equal.low).toBeLessThan(0);
  expect(equal.high).toBeGreaterThan(0);
});

/** Share of simulated studies whose interval holds the true value. */
function coverage(studies: number, simulate: (random: Random) => { truth: number; low: number; high: number }): number {
  const random = createRandom('coverage', 11);
  let held = 0;
  for (let study = 0; study < studies; study += 1) {
    const { truth, low, high } = simulate(random);
    if (low <= truth && truth <= high) held += 1;
  }
  return held / studies;
}

test.each([
  [12, 4],
  [30, 8],
])('intervals hold the truth about as often as they say: %i functions, %i samples', (functions, samples) => {
  // Each function has its own pass rate, 0.1 or 0.7: strong clustering, mean 0.4.
  const proportion = coverage(400, (random) => {
    const data: Observation[] = [];
    for (let f = 0; f < functions; f += 1) {
      const p = random.unit() < 0.5 ? 0.1 : 0.7;
      for (let s = 0; s < samples; s += 1) data.push({ cluster: `f${f}`, value: random.unit() < p ? 1 : 0 });
    }
    return { truth: 0.4, ...estimateMean(data, OPTIONS) };
  });
  expect(proportion).toBeGreaterThan(0.92);
  expect(proportion).toBeLessThan(0.995);
  const difference = coverage(250, (random) => {
    const rates = () =>
      ({ before: [] as never[], after: [] as never[] }) as Record<
        'before' | 'after',
        { task: string; cluster: string; value: number }[]
      >;
    const both = rates();
    for (let f = 0; f < functions; f += 1) {
      const gain = (random.unit() - 0.3) * 0.5;
      for (let phrasing = 0; phrasing < 3; phrasing += 1) {
        const task = `f${f}#${phrasing}`;
        both.before.push({ task, cluster: `f${f}`, value: draw(random, 0.4, samples) });
        both.after.push({ task, cluster: `f${f}`, value: draw(random, 0.4 + gain, samples) });
      }
    }
    return { truth: 0.1, ...estimatePairedDifference(both.after, both.before, OPTIONS) };
  });
  expect(difference).toBeGreaterThan(0.91);
  expect(difference).toBeLessThan(0.997);
});

function draw(random: Random, p: number, samples: number): number {
  let passes = 0;
  for (let s = 0; s < samples; s += 1) if (random.unit() < p) passes += 1;
  return passes / samples;
}
