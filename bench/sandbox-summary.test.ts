import { expect, test } from 'vitest';
import { type Batch, type Side, summarise, table } from './sandbox-summary.ts';

const batch = (turn: number, side: Side, seconds: number, latency: number, of = 'empty'): Batch => ({
  ...{ case: of, concurrency: 1, turn, side, runs: 10, seconds, latency },
});

test('ratios are taken within a turn, so that a busy turn falls on both sides', () => {
  const [row, ...others] = summarise([
    ...[batch(1, 'ours', 1.1, 110), batch(1, 'bare', 1, 100)],
    // Ten times slower, both of them.
    ...[batch(2, 'bare', 10, 1_000), batch(2, 'ours', 12, 1_200)],
    ...[batch(3, 'ours', 1.3, 130), batch(3, 'bare', 1, 100)],
  ]);
  expect(others).toEqual([]);
  expect(row!.ratio.median).toBeCloseTo(1.2);
  expect([row!.ratio.low, row!.ratio.high]).toEqual([expect.closeTo(1.1), expect.closeTo(1.3)]);
  expect(row!.added.median).toBe(30);
  expect(row!.bare).toEqual({ median: 10, low: 1, high: 10 });
});

test('a turn that lacks a side does not count, and cases are told apart', () => {
  const rows = summarise([
    ...[batch(1, 'ours', 2, 5), batch(1, 'bare', 1, 4), batch(2, 'ours', 50, 5)],
    ...[batch(1, 'ours', 3, 7, 'python'), batch(1, 'bare', 1, 6, 'python')],
  ]);
  expect(rows.map((row) => [row.case, row.ratio.high])).toEqual([
    ['empty', 2],
    ['python', 3],
  ]);
  expect(table(rows).at(-1)).toBe(
    '| python | 1 | 3.3 (3.3–3.3) | 10.0 (10.0–10.0) | 3.00 (3.00–3.00) | 1.0 (1.0–1.0) |',
  );
});
