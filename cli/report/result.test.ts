import { describe, expect, it } from 'vitest';
import { makePolicyName } from '../../contracts/ids.ts';
import { type FixtureKind, fixtureReport } from '../../tests/fixtures/report.fixture.ts';
import { resultOf } from './result.ts';

const of = (kind: FixtureKind) => resultOf(fixtureReport(kind).state);

describe('the sentence claims no more than the interval allows', () => {
  it.each([
    ['improved', 'better', 'a gain of 10.0 points (95% interval +3.0 to +17.0)'],
    ['unclear', 'unclear', 'No improvement is shown: on functions no decision had seen'],
    ['worse', 'worse', 'a loss of 9.0 points (95% interval −16.0 to −2.0)'],
    ['not-opened', 'better', 'On the gate split, fixture-campaign.v4 solves 31.0% instead of 18.0%'],
    ['not-promoted', 'none', 'Nothing was promoted in 4 rounds'],
  ] as const)('%s', (kind, tone, part) => {
    expect(of(kind).tone).toBe(tone);
    expect(of(kind).sentence).toContain(part);
  });

  it('an interval that touches zero is no gain', () => {
    const { state } = fixtureReport();
    const { before, after } = state.sealed!;
    const gain = { ...after.gain!, low: 0 };
    expect(resultOf({ ...state, sealed: { before, after: { ...after, gain } } }).tone).toBe('unclear');
    const { gain: _gain, ...unpaired } = after;
    expect(resultOf({ ...state, sealed: { before, after: unpaired } }).tone).toBe('unclear');
  });

  it('names the level that the campaign asked for', () => {
    expect(resultOf(fixtureReport().state, 0.9).sentence).toContain('90% interval');
  });
});

describe('the notes', () => {
  it('tell form from correctness', () => {
    const told = (was: object, is: object, formWas: object = {}, formIs: object = {}): string | undefined => {
      const { state } = fixtureReport('improved');
      const { before, after } = state.sealed!;
      const correct = (of: typeof before, change: object, form: object) => ({
        ...of,
        formatRate: { ...of.formatRate, ...form },
        correctWhenFormatted: { ...of.correctWhenFormatted, ...change },
      });
      return resultOf({
        ...state,
        sealed: { before: correct(before, was, formWas), after: correct(after, is, formIs) },
      }).notes[0];
    };
    const few = { value: 0, low: 0, high: 0.98, n: 2 };
    const more = { value: 0.46, low: 0.3, high: 0.62, n: 54 };
    const rare = { value: 0.1, low: 0.05, high: 0.2, n: 60 };
    expect(told(rare, more)).toContain('from 10.0% of 60 to 46.0% of 54: more replies have the right form, and those');
    expect(told(rare, more)).toContain('that have it are right more often');
    expect(told(more, rare)).toContain('those that have it are right less often');
    // Two replies, none of them right, show nothing about the share before.
    expect(told(few, more)).toContain('that those are right more or less often is not shown');
    expect(told({ ...few, n: 0 }, more)).toContain('too few to say');
    // Two well-formed replies of 52, then three.
    const share = (value: number, low: number, high: number) => ({ value, low, high });
    expect(told(few, more, share(0.038, 0.01, 0.15), share(0.058, 0.01, 0.2))).toContain(
      ': neither difference is shown.',
    );
  });

  it('warn where the split that chose also measured', () =>
    expect(of('not-opened').notes[0]).toContain('likely overstated'));

  it('say how it ended', () => {
    expect(of('improved').notes.at(-1)).toBe('Version 4 was released.');
    const { state } = fixtureReport();
    expect(resultOf({ ...state, ending: 'aborted', stoppedBy: 'tokens.' }).notes.slice(-2)).toEqual([
      'The rounds ended early: tokens.',
      'The campaign was aborted after a failure; ./anneal resume can take it up again.',
    ]);
  });

  it('name the version of the release manifest, promoted or not', () => {
    const { state } = fixtureReport();
    expect(resultOf({ ...state, best: 0 }).notes.at(-1)).toBe('Version 4 was released.');
    const third = makePolicyName(state.campaign, 3);
    expect(resultOf(state, 0.95, third).notes.at(-1)).toBe('Version 3 was released.');
  });

  it('say that a gate expired, where nobody decided', () => {
    const last = (kind: FixtureKind) => {
      const { state } = fixtureReport(kind);
      const { result: _result, ...gate } = state.gates.at(-1)!;
      const expired = { ...gate, result: { how: 'expired' as const, gate: gate.gate, option: 'keep' } };
      return resultOf({ ...state, gates: [...state.gates.slice(0, -1), expired] }).notes.at(-1);
    };
    expect(last('worse')).toContain('The release gate expired unanswered');
    expect(last('not-opened')).toContain('The gate expired unanswered: the sealed split stays closed');
    expect(of('worse').notes.at(-1)).toBe('It was not released: users keep what they had.');
    expect(of('not-opened').notes.at(-1)).toBe('The sealed split stays closed, and nothing was released.');
    const { state } = fixtureReport('worse');
    expect(resultOf({ ...state, gates: state.gates.slice(0, 1) }).notes.at(-1)).toContain(
      'No trained version was left',
    );
  });

  it('claim nothing before a round was judged', () => {
    const { state } = fixtureReport();
    const { sealed: _sealed, ...rest } = state;
    expect(resultOf({ ...rest, rounds: [] }).tone).toBe('none');
  });
});
