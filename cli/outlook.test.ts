import { describe, expect, it } from 'vitest';
import { certifiedSpec } from '../contracts/certified.ts';
import { taskSetLock } from '../contracts/task.ts';
import { fixtureReport } from '../tests/fixtures/report.fixture.ts';
import { scriptedSpec } from '../tests/support/scripted-activities.ts';
import { outlookOf, warnIfTooSmall } from './outlook.ts';

const of = (certified?: object, rounds = 20) => {
  const spec = scriptedSpec('any', { rounds });
  return certified === undefined
    ? spec
    : { ...spec, promotion: { ...spec.promotion, certified: certifiedSpec.parse(certified) } };
};
const said = (told: ReturnType<typeof outlookOf>): string[] => {
  const lines: string[] = [];
  warnIfTooSmall(told, { write: (line: string) => lines.push(line) });
  return lines;
};

describe('what a campaign can hope to certify', () => {
  it('is nobody’s question where promotion is by estimates', () => {
    expect(outlookOf(of())).toBeUndefined();
    expect(said(outlookOf(of()))).toEqual([]);
  });

  it('is told where the set is too small, and only there', () => {
    expect(said(outlookOf(of({})))).toEqual([
      expect.stringMatching(/^This set is too small to certify a gain of 10\.0 points.*at most \d+ families/),
    ]);
    expect(said(outlookOf(of({ gain: 1 }, 1)))).toEqual([]);
    expect(outlookOf(of({ gain: 1 }, 1))?.why).toMatch(/^A gain of 100\.0 points can be certified/);
  });

  it('goes by a set that is locked, where there is one', () => {
    const { splits } = taskSetLock.parse(fixtureReport().taskSet);
    expect(outlookOf(of({}), { splits })?.why).toContain(`has ${splits.gate.families.length} families`);
    expect(outlookOf(of(), { splits })).toBeUndefined();
  });
});
