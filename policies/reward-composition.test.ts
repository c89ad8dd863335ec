import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ComponentScore, GateResult } from '../contracts/judgement.ts';
import { composeReward, speedScore } from './reward-composition.ts';

const component = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  kind: fc.constantFrom('outcome', 'process', 'speed'),
  score: fc.double({ min: 0, max: 1, noNaN: true }),
  weight: fc.double({ min: 0.01, max: 10, noNaN: true }),
  why: fc.constant(''),
}) as fc.Arbitrary<ComponentScore>;
const gate = (passed: boolean): GateResult => ({ name: 'g', passed, why: '' });
const shares = { process: 0.2, speed: 0.1 };

describe('a reward', () => {
  test('is 0 and unsolved where any gate failed', () => {
    fc.assert(
      fc.property(fc.array(component), fc.array(fc.boolean()), fc.nat(), (components, passed, at) => {
        const gates = passed.map(gate);
        gates.splice(at % (gates.length + 1), 0, gate(false));
        expect(composeReward({ gates, components }, shares)).toEqual({ total: 0, outcome: 0, solved: false });
      }),
    );
  });

  test('never leaves 0…1 + α + β, and is solved only by full outcomes', () => {
    fc.assert(
      fc.property(fc.array(component), (components) => {
        const { total, outcome, solved } = composeReward({ gates: [gate(true)], components }, shares);
        expect(total).toBeGreaterThanOrEqual(0);
        expect(total).toBeLessThanOrEqual(1.3 + 1e-9);
        if (solved) expect(outcome).toBeCloseTo(1, 9);
      }),
    );
  });

  test('of process and speed alone solves nothing and pays nothing, though both are told', () => {
    const kinds = ['process', 'speed'] as const;
    const components = kinds.map((kind) => ({ name: kind, kind, score: 1, weight: 1, why: '' }));
    const nothing = { total: 0, solved: false, outcome: 0, process: 1, speed: 1 };
    expect(composeReward({ gates: [gate(true)], components }, shares)).toEqual(nothing);
    const wrong: ComponentScore = { name: 'wrong', kind: 'outcome', score: 0, weight: 1, why: '' };
    expect(composeReward({ gates: [gate(true)], components: [...components, wrong] }, shares)).toEqual(nothing);
    const part = composeReward({ gates: [gate(true)], components: [...components, { ...wrong, score: 0.5 }] }, shares);
    expect(part.total).toBeCloseTo(0.8, 9);
  });

  test('never falls when a component gets better', () => {
    fc.assert(
      fc.property(fc.array(component, { minLength: 1 }), fc.nat(), (components, pick) => {
        const better = components.map((one, index) =>
          index === pick % components.length ? { ...one, score: 1 } : one,
        );
        const total = (of: readonly ComponentScore[]) =>
          composeReward({ gates: [gate(true)], components: of }, shares).total;
        expect(total(better)).toBeGreaterThanOrEqual(total(components) - 1e-12);
      }),
    );
  });
});

test('speed is full at half the baseline, half at the baseline, nothing at twice it', () => {
  expect([0, 1, 5, 10, 20, 1_000].map((seconds) => speedScore(seconds, 10))).toEqual([1, 1, 1, 0.5, 0, 0]);
});
