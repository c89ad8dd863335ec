import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenTree } from './token-tree.ts';

const tokens = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 8 });
const added = fc.array(fc.tuple(tokens, tokens), { maxLength: 24 });

const common = (left: readonly number[], right: readonly number[]): number => {
  let same = 0;
  while (same < Math.min(left.length, right.length) && left[same] === right[same]) same += 1;
  return same;
};
const isPrefix = (of: readonly number[], all: readonly number[]): boolean => common(of, all) === of.length;

describe('a tree of tokens', () => {
  it('finds what a search through everything before finds', () => {
    fc.assert(
      fc.property(added, (all) => {
        const tree = createTokenTree<number>();
        for (const [index, [asked, answered]] of all.entries()) {
          const whole = [...asked, ...answered];
          const before = all.slice(0, index).map(([q, a]) => ({ q, both: [...q, ...a] }));
          const shared = Math.max(0, ...before.map(({ both }) => common(both, whole)));
          const longest = (of: (one: (typeof before)[number]) => readonly number[]) => {
            const within = before.map((one, mark) => ({ mark, of: of(one) })).filter((one) => isPrefix(one.of, asked));
            const length = Math.max(0, ...within.map((one) => one.of.length));
            return length === 0
              ? undefined
              : { length, mark: within.findLast((one) => one.of.length === length)!.mark };
          };
          const found = tree.add(asked, answered, index);
          expect(found.shared).toBe(shared);
          expect(found.continued).toEqual(longest(({ both }) => both));
          expect(found.repeated).toEqual(longest(({ q }) => q));
          if (shared === 0) expect(found.nearest).toBeUndefined();
          else expect(common(before[found.nearest!]!.both, whole)).toBe(shared);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('holds as many tokens as there are different beginnings', () => {
    fc.assert(
      fc.property(added, (all) => {
        const tree = createTokenTree<number>();
        const beginnings = new Set<string>();
        for (const [index, [asked, answered]] of all.entries()) {
          tree.add(asked, answered, index);
          const whole = [...asked, ...answered];
          for (let end = 1; end <= whole.length; end += 1) beginnings.add(whole.slice(0, end).join());
        }
        expect(tree.size()).toBe(beginnings.size);
      }),
    );
  });
});
