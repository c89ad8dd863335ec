import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyVerdict, type Lineage, type SettledVerdict } from './lineage.ts';

const at: Lineage = { latest: 4, best: 2 };

it('moves best on promotion, keeps it on hold, and returns to it on revert', () => {
  expect(applyVerdict(at, 5, 'promote')).toEqual({ latest: 5, best: 5 });
  expect(applyVerdict(at, 5, 'hold')).toEqual({ latest: 5, best: 2 });
  expect(applyVerdict(at, 5, 'revert')).toEqual({ latest: 2, best: 2 });
  // @ts-expect-error a question is not an answer
  applyVerdict(at, 5, 'ask');
});

it('over any campaign: best is the last promoted version, and latest never lies before it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<SettledVerdict>('promote', 'hold', 'revert')), (verdicts) => {
      let lineage: Lineage = { latest: 0, best: 0 };
      let promoted = 0;
      verdicts.forEach((verdict, index) => {
        lineage = applyVerdict(lineage, index + 1, verdict);
        if (verdict === 'promote') promoted = index + 1;
        expect(lineage.best).toBe(promoted);
        expect(lineage.latest).toBe(verdict === 'revert' ? promoted : index + 1);
        expect(lineage.latest).toBeGreaterThanOrEqual(lineage.best);
      });
    }),
  );
});
