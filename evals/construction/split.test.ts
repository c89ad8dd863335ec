import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apportion, SPLITS, splitFamilies } from './split.ts';

const SHARES = { visible: 0.6, gate: 0.25, sealed: 0.15 };
const families = fc.uniqueArray(
  fc.tuple(fc.constantFrom('math', 'str', 'operator'), fc.nat(60)).map(([module, n]) => `${module}.f${n}`),
  { minLength: 12, maxLength: 80 },
);

test('every family is in one split, kin together, no split empty, whatever the order', () => {
  fc.assert(
    fc.property(
      families,
      fc.nat(),
      fc.array(fc.tuple(fc.nat(79), fc.nat(79)), { maxLength: 8 }),
      (names, seed, links) => {
        const kin = links.map(([a, b]) => [names[a % names.length]!, names[b % names.length]!] as const);
        const split = splitFamilies({ families: names, shares: SHARES, seed, kin });
        expect([...split.keys()].sort()).toEqual([...names].sort());
        for (const [a, b] of kin) expect(split.get(a)).toBe(split.get(b));
        expect(new Set(split.values()).size).toBe(3);
        const again = splitFamilies({ families: [...names].reverse(), shares: SHARES, seed, kin });
        expect([...again].sort()).toEqual([...split].sort());
      },
    ),
  );
});

test('shares are kept, over all and within a module', () => {
  const names = ['a', 'b', 'c'].flatMap((module) => Array.from({ length: 40 }, (_, n) => `${module}.f${n}`));
  const split = splitFamilies({ families: names, shares: SHARES, seed: 1 });
  for (const part of ['', 'a.', 'b.', 'c.']) {
    const of = names.filter((name) => name.startsWith(part));
    for (const name of SPLITS) {
      const count = of.filter((family) => split.get(family) === name).length;
      expect(Math.abs(count - SHARES[name] * of.length)).toBeLessThanOrEqual(1);
    }
  }
  const other = splitFamilies({ families: names, shares: SHARES, seed: 2 });
  expect([...other]).not.toEqual([...split]);
});

test('impossible splits are refused; three families are enough', () => {
  const refused = (input: Parameters<typeof splitFamilies>[0]) =>
    expect(() => splitFamilies(input)).toThrow(expect.objectContaining({ code: 'spec.impossible_split' }));
  refused({ families: ['a.a', 'a.b'], shares: SHARES, seed: 1 });
  refused({ families: ['a.a', 'a.b', 'a.c'], shares: SHARES, seed: 1, kin: [['a.a', 'a.b']] });
  refused({ families: ['a.a', 'a.b', 'a.c'], shares: { ...SHARES, sealed: 0.5 }, seed: 1 });
  refused({ families: [], shares: SHARES, seed: 1 });
  const three = splitFamilies({ families: ['a.a', 'a.b', 'a.c'], shares: SHARES, seed: 1 });
  expect(new Set(three.values()).size).toBe(3);
});

test('apportioned counts sum to the whole and stay near the shares', () => {
  fc.assert(
    fc.property(fc.nat(500), (count) => {
      const parts = apportion(count, SHARES);
      expect(SPLITS.reduce((sum, split) => sum + parts[split], 0)).toBe(count);
      for (const split of SPLITS) expect(Math.abs(parts[split] - count * SHARES[split])).toBeLessThan(1);
    }),
  );
});
