import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Calibration,
  correctedRate,
  familyOf,
  type Judge,
  refuseAgreement,
  refuseJudge,
} from './judge-calibration.ts';
import { createRandom, type Random } from './random.ts';

const judge: Judge = { model: 'Kestrel-70B', family: 'kestrel', setup: 'rubric-3' };
const policy = { model: 'org/Heron2-0.6B', family: 'heron' };
const calibration: Calibration = {
  judge,
  right: { accepted: 180, of: 200 },
  wrong: { rejected: 160, of: 200 },
  nulls: [
    { name: 'empty', accepted: false },
    { name: 'the question again', accepted: false },
  ],
};
const refusal = (more: Partial<Calibration> = {}, who = judge, about = policy) =>
  refuseJudge(who, about, { ...calibration, judge: who, ...more })?.why;

describe('a judge is refused', () => {
  it('where its family is the policy’s, by declaration or by name', () => {
    expect(refusal()).toBeUndefined();
    expect(refusal({}, { ...judge, family: 'Heron-2' })).toContain("of the policy's family");
    expect(refusal({}, { ...judge, model: 'Kestrel-Distill-Heron2-7B' })).toContain("of the policy's family");
    expect(refusal({}, judge, { model: 'heron-from-kestrel', family: 'heron' })).toContain("of the policy's family");
    expect(refusal({}, { ...judge, family: '' })).toContain("of the policy's family");
  });

  it('where it was calibrated as another, or its setup changed since', () => {
    expect(refusal({ judge: { ...judge, setup: 'rubric-2' } })).toContain('calibrate again');
    expect(refusal({ judge: { ...judge, model: 'Kestrel-8B' } })).toContain('calibrate again');
  });

  it('where planted null answers score, or none was planted', () => {
    const nulls = [...calibration.nulls, { name: '“Solution:”', accepted: true }];
    expect(refusal({ nulls })).toBe('The judge accepted 1 of 3 planted null answers: “Solution:”.');
    expect(refusal({ nulls: [] })).toContain('No null answers');
  });

  it('where its calibration is small, or shows no skill', () => {
    expect(refusal({ wrong: { rejected: 19, of: 19 } })).toContain('it takes 20 of each');
    expect(refusal({ wrong: { rejected: 30, of: 200 } })).toContain('better than a coin');
    expect(refusal({ right: { accepted: 0, of: 200 }, wrong: { rejected: 200, of: 200 } })).toContain('coin');
  });

  it('where it agrees less than is asked for, on either side', () => {
    expect(refuseAgreement(calibration, 0.8)).toBeUndefined();
    expect(refuseAgreement(calibration, 0.81)?.why).toBe(
      'The judge Kestrel-70B accepts 180 of 200 right artifacts (90.0%) and rejects 160 of 200 wrong ones (80.0%); it takes 81.0% of each.',
    );
    expect(refuseAgreement({ ...calibration, right: { accepted: 1, of: 20 } }, 0.8)?.why).toContain('accepts 1 of 20');
  });

  it('and then corrects nothing', () => {
    const about = { judge, policy: { ...policy, family: 'kestrel' }, calibration };
    expect(correctedRate({ accepted: 1, of: 2 }, about)).toMatchObject({ accepted: false });
    expect(correctedRate({ accepted: 0, of: 0 }, { judge, policy, calibration })).toMatchObject({ accepted: false });
  });
});

describe('the corrected rate', () => {
  const rate = (accepted: number, of: number) => {
    const found = correctedRate({ accepted, of }, { judge, policy, calibration });
    if (!found.accepted) throw new Error(found.why);
    return found;
  };

  it('is (p + q0 − 1) / (q0 + q1 − 1)', () => {
    // (0.55 + 0.8 − 1) / (0.8 + 0.9 − 1) = 0.5
    expect(rate(220, 400).value).toBeCloseTo(0.5, 12);
    expect(rate(220, 400).why).toMatch(
      /^The judge accepted 55\.0% of 400; it accepts 90\.0% of right and 20\.0% of wrong artifacts, so 50\.0% are right \(/,
    );
  });

  it('stays in 0…1 and inside its interval, and rises with every acceptance', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(500), (of, pick) => {
        const accepted = pick % (of + 1);
        const { low, value, high } = rate(accepted, of);
        expect(0 <= low && low <= value && value <= high && high <= 1).toBe(true);
        if (accepted < of) expect(rate(accepted + 1, of).value).toBeGreaterThanOrEqual(value);
      }),
    );
  });

  it('covers the truth in 95% of calibrations, near the ends too', () => {
    const draw = (random: Random, of: number, p: number) =>
      Array.from({ length: of }).filter(() => random.unit() < p).length;
    for (const truth of [0.03, 0.3, 0.8, 0.97]) {
      let covered = 0;
      for (let seed = 0; seed < 500; seed += 1) {
        const random = createRandom('judge', seed, truth);
        const right = { accepted: draw(random, 80, 0.93), of: 80 };
        const wrong = { rejected: draw(random, 80, 0.85), of: 80 };
        const accepted = draw(random, 200, truth * 0.93 + (1 - truth) * 0.15);
        const found = correctedRate(
          { accepted, of: 200 },
          { judge, policy, calibration: { ...calibration, right, wrong } },
        );
        if (found.accepted && found.low <= truth && truth <= found.high) covered += 1;
      }
      expect(covered / 500, `${truth}`).toBeGreaterThan(0.93);
    }
  });
});

it.each([
  ['smollm2-135m-instruct', 'smollm'],
  ['Qwen/Qwen3-0.6B', 'qwen'],
  ['org/7B-Heron', ''],
])('the family of %s is “%s”', (model, family) => {
  expect(familyOf(model)).toBe(family);
});
