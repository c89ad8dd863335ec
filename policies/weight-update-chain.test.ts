import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeWeightTag, type WeightCache, type WeightTag } from '../contracts/weight-update.ts';
import { type ChainLink, planApply } from './weight-update-chain.ts';

const tag = (version: number): WeightTag => makeWeightTag(version, String(version % 10).repeat(64));

/** Versions `newest` down to `full`, the last one whole. */
function chain(newest: number, full: number, delta = 10, whole = 100): ChainLink[] {
  return Array.from({ length: newest - full + 1 }, (_, back) => {
    const version = newest - back;
    return version === full
      ? { tag: tag(version), parent: null, bytes: whole }
      : { tag: tag(version), parent: tag(version - 1), bytes: delta };
  });
}

const has = (version: number, toward: number | null = null): WeightCache => ({
  ...{ tag: tag(version), toward: toward === null ? null : tag(toward) },
});

describe('what a server needs', () => {
  it.each<[string, WeightCache | null, unknown]>([
    [
      'everything, when its disk is empty',
      null,
      { kind: 'apply', base: tag(1), deltas: [tag(2), tag(3), tag(4)], bytes: 130 },
    ],
    ['one delta, when it has the version before', has(3), { kind: 'apply', base: null, deltas: [tag(4)], bytes: 10 }],
    ['those it missed, in their order', has(2), { kind: 'apply', base: null, deltas: [tag(3), tag(4)], bytes: 20 }],
    ['nothing, when it has the target', has(4), { kind: 'nothing' }],
    [
      'the same again, when it was killed on the way',
      has(3, 4),
      { kind: 'apply', base: null, deltas: [tag(4)], bytes: 10 },
    ],
    [
      'everything, when it was killed on the way to something else',
      has(3, 9),
      { kind: 'apply', base: tag(1), deltas: [tag(2), tag(3), tag(4)], bytes: 130 },
    ],
    [
      'everything, when it has another history',
      has(9),
      { kind: 'apply', base: tag(1), deltas: [tag(2), tag(3), tag(4)], bytes: 130 },
    ],
  ])('is %s', (_, cache, plan) => {
    expect(planApply(chain(4, 1), cache)).toEqual(plan);
  });

  it('is the full checkpoint where the deltas have grown larger', () => {
    expect(planApply(chain(2, 1, 500), has(1))).toEqual({ kind: 'apply', base: null, deltas: [tag(2)], bytes: 500 });
    const grown: ChainLink[] = [{ tag: tag(6), parent: null, bytes: 100 }];
    expect(planApply(grown, has(1))).toEqual({ kind: 'apply', base: tag(6), deltas: [], bytes: 100 });
  });

  it('cannot be told when the chain ends before anything that is there', () => {
    const broken = chain(4, 1).slice(0, 2);
    expect(planApply(broken, null)).toEqual({ kind: 'impossible', from: tag(4) });
    expect(planApply(broken, has(2))).toEqual({ kind: 'apply', base: null, deltas: [tag(3), tag(4)], bytes: 20 });
  });
});

it('always leads from what is there to the target, each delta from the version that it was made from', () => {
  const lengths = fc.integer({ min: 1, max: 9 });
  const cache = fc.option(fc.tuple(fc.nat(9), fc.option(fc.nat(9), { nil: null })), { nil: null });
  fc.assert(
    fc.property(lengths, fc.nat(1000), fc.nat(1000), cache, (newest, delta, whole, there) => {
      const links = chain(newest, 0, delta, whole);
      const cached = there === null ? null : has(there[0], there[1]);
      const plan = planApply(links, cached);
      if (plan.kind === 'nothing') {
        expect(cached).toEqual(has(newest));
        return;
      }
      if (plan.kind === 'impossible') throw new Error('every chain here ends in a full checkpoint');
      let at = plan.base ?? cached!.tag;
      // What a kill left half changed becomes whole only by the deltas that were being applied.
      if (plan.base === null && cached!.toward !== null) expect(plan.deltas).toContain(cached!.toward);
      for (const next of plan.deltas) {
        const link = links.find((one) => one.tag === next)!;
        expect(link.parent).toBe(at);
        at = next;
      }
      expect(at).toBe(tag(newest));
    }),
  );
});
