import { expect, test } from 'vitest';
import { rightShare, samples } from './eval-samples.ts';
import { type Played, summarise, table } from './eval-summary.ts';

const played = (who: string, turn: number, seconds: number, rss: number): Played => ({
  ...{ who, turn, seconds, rss, samples: 100, pss: rss / 2, logs: 1 },
});

test('speeds and memory are compared within a turn', () => {
  const rows = summarise(
    [
      ...[played('Anneal', 1, 1, 100), played('Inspect', 1, 6, 200)],
      // Everything ten times slower.
      ...[played('Inspect', 2, 50, 400), played('Anneal', 2, 10, 100)],
      // Nothing to be compared with.
      played('Inspect', 3, 1, 1),
    ],
    'Anneal',
  );
  expect(rows.map(({ who, speed }) => [who, speed])).toEqual([
    ['Anneal', { median: 1, low: 1, high: 1 }],
    ['Inspect', { median: 5.5, low: 5, high: 6 }],
  ]);
  expect(rows[1]!.memory).toEqual({ median: 0.375, low: 0.25, high: 0.5 });
  expect(table(rows).at(-1)).toContain('| Inspect | 9 (2–17) | 5.50 (5.00–6.00) | 300 (200–400) |');
});

test('three quarters of the scripted replies are right, and no prompt stands twice', () => {
  const all = samples(5_000);
  const right = all.filter(({ target, reply }) => target === reply).length;
  expect(right / all.length).toBe(rightShare(5_000));
  expect(rightShare(5_000)).toBe(0.75);
  expect(new Set(all.map(({ prompt }) => prompt)).size).toBe(5_000);
});
