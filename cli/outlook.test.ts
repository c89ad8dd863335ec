import { describe, expect, it } from 'vitest';
import { certifiedSpec } from '../contracts/certified.ts';
import { scriptedSpec } from '../tests/support/scripted-activities.ts';
import { outlookOf, warnIfTooSmall } from './outlook.ts';

const of = (certified?: object, rounds = 20) => {
  const spec = scriptedSpec('any', { rounds });
  return certified === undefined
    ? spec
    : { ...spec, promotion: { ...spec.promotion, certified: certifiedSpec.parse(certified) } };
};
const said = (spec: ReturnType<typeof of>): string[] => {
  const lines: string[] = [];
  warnIfTooSmall(spec, (line) => lines.push(line));
  return lines;
};

describe('what a campaign can hope to certify', () => {
  it('is nobody’s question where promotion is by estimates', () => {
    expect(outlookOf(of())).toBeUndefined();
    expect(said(of())).toEqual([]);
  });

  it('is told where the set is too small, and only there', () => {
    expect(said(of({}))).toEqual([
      expect.stringMatching(/^This set is too small to certify a gain of 10\.0 points.*at most \d+ families/),
    ]);
    expect(said(of({ gain: 1 }, 1))).toEqual([]);
    expect(outlookOf(of({ gain: 1 }, 1))?.why).toMatch(/^A gain of 100\.0 points can be certified/);
  });
});
