import { describe, expect, it } from 'vitest';
import { certifiedState } from '../../tests/fixtures/certified.fixture.ts';
import { fixtureReport } from '../../tests/fixtures/report.fixture.ts';
import { renderReport } from './render.ts';

const data = fixtureReport();
const certified = { ...data, state: certifiedState(data.state) };

describe('the evidence in a report', () => {
  it('is there where promotion is certified, and nowhere else', () => {
    expect(renderReport(data)).not.toContain('id="evidence"');
    expect(renderReport(data)).not.toContain('href="#evidence"');
    expect(renderReport(certified)).toContain('href="#evidence"');
  });

  it('tells noise, what the set can show, each look and what is in doubt', () => {
    const page = renderReport(certified);
    for (const part of [
      'One version measured twice moved 4 of 18 families',
      '</a> is 5.6 points.',
      'This set is too small to certify a gain of 10.0 points',
      'Version 2 was measured again after its promotion',
      '<td>0.2100</td>',
      '<td>0.0304</td>',
      '<td>2.72</td>',
      'frozen',
      'far lower, on too few families to tell chance from loss',
      `Round 4: ${data.state.rounds[3]!.why}`,
    ])
      expect(page).toContain(part);
  });

  it('has no table before the first look', () => {
    const { state } = certified;
    const untrained = state.rounds.map(({ look: _, ...round }) => round);
    const page = renderReport({ ...certified, state: { ...state, rounds: untrained } });
    expect(page).toContain('No candidate was looked at');
    expect(page).not.toContain('may spend</th>');
  });

  it('names the other measurements in the ledger', () => {
    const others = [{ purpose: 'again' as const, requested: 9, recorded: 9, cancelled: 0, balanced: true }];
    const page = renderReport({ ...certified, conservation: { ...data.conservation, others } });
    expect(page).toContain('gate, once more');
  });
});
