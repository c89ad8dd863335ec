import { expect, it } from 'vitest';
import { certifiedState } from '../../tests/fixtures/certified.fixture.ts';
import { fixtureReport } from '../../tests/fixtures/report.fixture.ts';
import { renderEvidence } from './evidence.ts';
import { paint } from './paint.ts';
import { columns } from './text.ts';

const { state } = fixtureReport();
const certified = certifiedState(state);
const ink = paint(false);

it('says nothing where rounds are decided by estimates', () => {
  expect(renderEvidence(state, 80, ink)).toEqual([]);
});

it('shows the newest look with its figures', () => {
  expect(renderEvidence(certified, 80, ink).join('\n')).toMatchInlineSnapshot(`
    "
    Round 4: Gate pass rate 31.0% against 25.0% of the best version.
    look                  4, which may spend 0.0019; all so far 0.0464
    chance alone          p = 0.0009 by the test of signs
    e-value               7.39
    noise floor           5.6 points
    visible gap           +8.0 points (8.0 points to 17.0 points), promotion is
                          frozen
    in doubt: statistics  25.0% against 50.0% of version 0, too few families to tell
                          chance from loss"
  `);
});

it('shows what two measurements of version 0 said before the first look, at any width', () => {
  const before = { ...certified, rounds: [] };
  expect(renderEvidence(before, 80, ink).join(' ')).toMatch(/moved 4 of 18 families.*too small to certify/);
  for (const width of [40, 60, 120])
    for (const line of [...renderEvidence(certified, width, ink), ...renderEvidence(before, width, ink)])
      expect(columns(line)).toBeLessThanOrEqual(width);
});
