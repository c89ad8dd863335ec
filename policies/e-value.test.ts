import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceOverLooks, logEValue, wealthPath } from './e-value.ts';
import { createRandom } from './random.ts';

const difference = fc.double({ min: -1, max: 1, noNaN: true });

describe('wealth', () => {
  it('is expected to stay at 1 or fall without a gain: exactly, over every outcome of a small game', () => {
    fc.assert(
      fc.property(fc.array(difference, { minLength: 1, maxLength: 8 }), (sizes) => {
        let mean = 0;
        for (let mask = 0; mask < 2 ** sizes.length; mask += 1) {
          const flipped = sizes.map((d, at) => ((mask >> at) & 1 ? d : -d));
          mean += Math.exp(logEValue(flipped)) / 2 ** sizes.length;
        }
        expect(mean).toBeCloseTo(1, 9);
      }),
    );
  });

  it('stays fair where small gains are paid for by rare whole losses', () => {
    // +1/9 with 0.9, −1 with 0.1: mean 0; four families, weighted by their probability.
    let mean = 0;
    for (let mask = 0; mask < 16; mask += 1) {
      const lost = [0, 1, 2, 3].map((at) => ((mask >> at) & 1) === 1);
      const probability = lost.reduce((p, l) => p * (l ? 0.1 : 0.9), 1);
      mean += probability * Math.exp(logEValue(lost.map((l) => (l ? -1 : 1 / 9))));
    }
    expect(mean).toBeCloseTo(1, 9);
  });

  it('ends the same in any order, and where the path ends', () => {
    fc.assert(
      fc.property(fc.array(difference, { minLength: 1, maxLength: 30 }), (differences) => {
        const end = logEValue(differences);
        expect(logEValue([...differences].reverse())).toBeCloseTo(end, 8);
        expect(wealthPath(differences).at(-1)).toBeCloseTo(end, 8);
      }),
    );
  });

  it('grows with every difference', () => {
    fc.assert(
      fc.property(fc.array(difference, { minLength: 1, maxLength: 20 }), fc.nat(), difference, (all, pick, other) => {
        const at = pick % all.length;
        const better = all.map((d, index) => (index === at ? Math.max(d, other) : d));
        expect(logEValue(better)).toBeGreaterThanOrEqual(logEValue(all) - 1e-9);
      }),
    );
  });

  it('reaches 20 in at most a twentieth of games without a gain, watched at every family', () => {
    let reached = 0;
    for (let game = 0; game < 400; game += 1) {
      const random = createRandom('wealth', game);
      const path = wealthPath(Array.from({ length: 120 }, () => [-1, 0, 0, 1][random.below(4)]!));
      if (path.some((log) => log >= Math.log(20))) reached += 1;
    }
    expect(reached).toBeGreaterThan(0);
    expect(reached / 400).toBeLessThanOrEqual(0.05);
  });

  it('finds a plain gain', () => {
    expect(Math.exp(logEValue([...Array(15).fill(1), ...Array(85).fill(0)]))).toBeGreaterThan(100);
    expect(logEValue([])).toBe(0);
    expect(() => logEValue([1.5])).toThrow(RangeError);
    expect(() => wealthPath([Number.NaN])).toThrow(RangeError);
  });
});

it('evidence over looks never falls and weighs a look by its share', () => {
  expect(evidenceOverLooks([0])).toBeCloseTo(0.6079, 4);
  expect(evidenceOverLooks([0, Math.log(100)])).toBeCloseTo(0.6079 + 15.198, 3);
  fc.assert(
    fc.property(fc.array(fc.double({ min: -50, max: 20, noNaN: true }), { minLength: 2, maxLength: 20 }), (logs) => {
      expect(evidenceOverLooks(logs)).toBeGreaterThanOrEqual(evidenceOverLooks(logs.slice(0, -1)));
    }),
  );
  // Fair looks: at most 1 in all, however many.
  expect(evidenceOverLooks(Array(500).fill(0))).toBeLessThan(1);
});
