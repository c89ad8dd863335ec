import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkBudget, estimateRound } from './budget.ts';

const budget = { tokens: 100_000, seconds: 600 };
const check = (tokens: number, seconds: number, nextRound = { tokens: 20_000, seconds: 90 }) =>
  checkBudget({ budget, spent: { tokens, seconds }, nextRound });

it('stops before the round that would overrun, not after it', () => {
  expect(check(80_000, 510).action).toBe('continue');
  expect(check(80_001, 0).action).toBe('stop');
  expect(check(0, 511).action).toBe('stop');
  expect(check(200_000, 0).left.tokens).toBe(0);
});

it('needs something left even when nothing is known of the next round', () => {
  const free = { tokens: 0, seconds: 0 };
  expect(check(0, 0, free).action).toBe('continue');
  expect(check(100_000, 0, free).action).toBe('stop');
  expect(check(0, 600, free).action).toBe('stop');
});

it('keeps the reserve for what follows the rounds', () => {
  const input = { budget, spent: { tokens: 0, seconds: 400 }, nextRound: { tokens: 0, seconds: 90 } };
  expect(checkBudget({ ...input, reserve: { tokens: 0, seconds: 110 } }).action).toBe('continue');
  expect(checkBudget({ ...input, reserve: { tokens: 0, seconds: 111 } }).action).toBe('stop');
});

it('says what is short', () => {
  expect([check(0, 0), check(90_000, 0), check(90_000, 590)].map((ruling) => ruling.why)).toMatchInlineSnapshot(`
    [
      "100,000 tokens and 600 s are left; a round takes about 20,000 tokens and 90 s.",
      "The budget is spent: 10,000 tokens are left and a round takes about 20,000.",
      "The budget is spent: 10,000 tokens are left and a round takes about 20,000; 10 s are left and a round takes about 90 s.",
    ]
  `);
});

it('estimates a round by the dearest of the last three', () => {
  const round = (tokens: number, seconds: number) => ({ tokens, seconds });
  expect(estimateRound([], round(7, 8))).toEqual(round(7, 8));
  expect(estimateRound([round(99, 99), round(1, 9), round(5, 2), round(3, 3)])).toEqual(round(5, 9));
});

it('never overruns when rounds cost no more than before', () => {
  const cost = fc.record({ tokens: fc.integer({ min: 1, max: 50_000 }), seconds: fc.integer({ min: 1, max: 300 }) });
  fc.assert(
    fc.property(cost, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 50 }), (first, shares) => {
      const rounds: { tokens: number; seconds: number }[] = [];
      const spent = { tokens: 0, seconds: 0 };
      for (const share of shares) {
        const nextRound = estimateRound(rounds, first);
        if (checkBudget({ budget, spent, nextRound }).action === 'stop') break;
        const round = { tokens: nextRound.tokens * share, seconds: nextRound.seconds * share };
        rounds.push(round);
        spent.tokens += round.tokens;
        spent.seconds += round.seconds;
      }
      expect(spent.tokens).toBeLessThanOrEqual(budget.tokens);
      expect(spent.seconds).toBeLessThanOrEqual(budget.seconds);
    }),
  );
});
