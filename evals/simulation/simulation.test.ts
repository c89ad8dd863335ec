// The figures with few seeds: enough to fail when a rule breaks, not enough to prove its bound (docs/evaluation.md has those).
import { describe, expect, test } from 'vitest';
import { CERTIFIED_RULE } from '../../policies/certified-promotion.ts';
import { createRandom } from '../../policies/random.ts';
import { runCampaign } from './campaign.ts';
import { type Figure, simulateIntegrity, simulateNulls } from './figures.ts';
import { NULLS } from './nulls.ts';
import { runGap } from './overfitter.ts';
import { evaluate, learn, makeWorld, RARE, USUAL, withSlice } from './world.ts';

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the simulated world', () => {
  test('is what its shape says: 300 tasks, passed half, a tenth of the pairs discordant', () => {
    let [passed, discordant] = [0, 0];
    for (let seed = 0; seed < 20; seed += 1) {
      const world = makeWorld(USUAL, seed);
      const random = createRandom('test', seed);
      const [a, b] = [evaluate(world, world.start, 1, random), evaluate(world, world.start, 1, random)];
      expect(a.size).toBe(300);
      passed += mean([...a.values()]) / 20;
      discordant += mean([...a].map(([task, rate]) => Math.abs(rate - b.get(task)!))) / 20;
    }
    expect(Math.abs(passed - 0.5)).toBeLessThan(0.04);
    expect(Math.abs(discordant - 0.1)).toBeLessThan(0.015);
  });

  test('learns exactly what it is told to, and is the same for the same seed', () => {
    const world = makeWorld(USUAL, 3);
    for (const by of ['family', 'task'] as const) {
      const learnt = learn(world, 0.1, by, createRandom('learns', 3));
      expect(mean(learnt) - mean(world.start)).toBeCloseTo(0.1, 9);
      expect(learnt.every((chance, at) => chance >= world.start[at]!)).toBe(true);
    }
    expect(makeWorld(USUAL, 3)).toEqual(world);
    expect(withSlice(world, world.start, RARE, 0.4).filter((chance) => chance === 0.4)).toHaveLength(18);
  });
});

describe('with few seeds', () => {
  /** "k of n…" of a figure. */
  const hits = ({ value }: Figure) => Number(/^\d+/.exec(value)![0]);
  const integrity = simulateIntegrity(8);
  const named = (part: string) => integrity.filter(({ name }) => name.includes(part));

  test('nothing is promoted without a gain, gains are, and losses in rare slices are not', () => {
    for (const figure of [...named('false promotions'), ...named(': promoted'), ...named('honest campaign')])
      expect(hits(figure), figure.name).toBe(0);
    for (const figure of [...named('found within'), ...named('without the slices')])
      expect(hits(figure), figure.name).toBeGreaterThanOrEqual(6);
    expect(hits(named('overfitter')[0]!)).toBe(2);
    expect(integrity.length).toBe(9);
  });

  test('no shape of null promotes', () => {
    for (const figure of simulateNulls(1, 10)) expect(hits(figure), figure.name).toBe(0);
  });

  test('a bound that too few seeds cannot show does not hold', () => {
    expect(named('false promotions')[0]).toMatchObject({ value: '0 of 8, upper 95% bound 31.2%', holds: false });
  });

  test('the same seed gives the same campaign', () => {
    const campaign = () => runCampaign({ rounds: 5, ...NULLS['a third of the tasks flaky']!(4) });
    expect(campaign()).toEqual(campaign());
  });

  test('without a bound on alpha, the noise floor alone promotes the same campaigns falsely', () => {
    const careless = { ...CERTIFIED_RULE, alpha: 1e6 };
    let promoted = 0;
    for (let seed = 0; seed < 4; seed += 1) {
      const campaign = NULLS['the same version every round']!(seed);
      const decided = runCampaign({ rounds: 120, ...campaign, rule: careless });
      if (decided.some(({ verdict }) => verdict === 'promote')) promoted += 1;
    }
    expect(promoted).toBeGreaterThanOrEqual(2);
  });
});

test('the overfitter says when it thaws', () => {
  const { frozenAt, why } = runGap(1, 10, false);
  expect(frozenAt).toBeLessThanOrEqual(10);
  expect(why).toMatch(/It thaws after 3 more rounds in a row with a gap of at most 5\.0 points\.$/);
});
