import { expect, it } from 'vitest';
import { count, grouped, percent, points, small, span, wholePercent } from '../../infra/markup/figures.ts';
import { bar, sparkline } from './bars.ts';

it('writes shares and differences', () => {
  expect([percent(0.273), percent(1), points(0.1), points(-0.025), points(0.0001)]).toEqual([
    '27.3%',
    '100.0%',
    '+10.0 points',
    '−2.5 points',
    '±0.0 points',
  ]);
});

it('tells little from nothing', () => {
  expect([wholePercent(0), wholePercent(0.001), wholePercent(0.27)]).toEqual(['0%', '<1%', '27%']);
});

it('writes spans of time without jumps at their borders', () => {
  const spans = [0.04, 9.94, 59.4, 59.6, 60, 3599.6, 3600, 86_399, 90_000, Number.NaN].map(span);
  expect(spans).toEqual(['0.0 s', '9.9 s', '59 s', '1m 00s', '1m 00s', '1h 00m', '1h 00m', '23h 59m', '1d 1h', '–']);
});

it('writes counts', () => {
  expect([999, 1000, 25_300, 999_949, 999_950, 2e6].map(count)).toEqual([
    '999',
    '1.0k',
    '25.3k',
    '999.9k',
    '1.0M',
    '2.0M',
  ]);
  expect([7, 1234, 57_816, 1_234_567].map(grouped)).toEqual(['7', '1,234', '57,816', '1,234,567']);
  expect([0, 0.0027, -0.00001, 12.345].map(small)).toEqual(['0', '0.0027', '−1.0e-5', '12.3']);
});

it('draws bars of exact width and sparklines of exact length', () => {
  for (const share of [-1, 0, 0.01, 0.5, 0.999, 1, 2, Number.NaN])
    expect([...bar(share, 12).full, ...bar(share, 12).empty]).toHaveLength(12);
  expect(sparkline([0, 0.5, 1])).toBe('▁▅█');
  expect(sparkline([1, 1])).toBe('▄▄');
  expect(sparkline([0, undefined, 1])).toBe('▁ █');
  expect(sparkline([])).toBe('');
});
