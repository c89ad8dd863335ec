import { expect, test } from 'vitest';
import { type Calculate, notAtEdge } from './edges.ts';
import type { Calculated } from './recalculate.ts';

type Formula = (first: number, second: number) => Calculated;
const by =
  (formula: Formula): Calculate =>
  async (rounds) =>
    rounds.map(([first, second]) => [formula(first!.value, second!.value)]);
const same = (a: Calculated, b: Calculated): boolean => a === b;

/** Whether one formula passes for another, for the figures where they differ. */
async function passes(asked: Formula, judged: Formula, figures: readonly (readonly [number, number])[]) {
  const unlike = figures.map(([first, second]) => ({
    inputs: [first, second].map((value, row) => ({ sheet: 'S', cell: `A${row + 1}`, value })),
    index: 0,
    expected: asked(first, second),
    seen: judged(first, second),
  }));
  expect(unlike.every(({ expected, seen }) => expected !== seen)).toBe(true);
  return (await notAtEdge(unlike, by(asked), by(judged), same)) === undefined;
}

const larger: Formula = (a, b) => (a >= b ? 'first' : 'second');
const tenths: Formula = (a) => Math.round(a * 10) / 10;

test('of two that are the same either may be named', async () => {
  expect(await passes(larger, (a, b) => (a > b ? 'first' : 'second'), [[7, 7]])).toBe(true);
  expect(await passes(larger, () => 'second', [[7, 7]])).toBe(false);
  expect(await passes(larger, (a, b) => (a === b ? 'third' : larger(a, b)), [[7, 7]])).toBe(false);
});

test('half of the last place may go up or down, and nothing else may', async () => {
  expect(await passes(tenths, (a) => -Math.round(-a * 10) / 10, [[0.25, 1]])).toBe(true);
  expect(await passes(tenths, (a) => Math.floor(a * 10) / 10, [[0.25, 1]])).toBe(false);
  expect(
    await passes(
      (a) => Math.floor(a / 10),
      (a) => Math.floor((a - 1) / 10),
      [[30, 1]],
    ),
  ).toBe(false);
});

test('a result that only the edge has is asked for', async () => {
  const neither: Formula = (a, b) => (a === b ? 'neither' : larger(a, b));
  expect(await passes(neither, larger, [[7, 7]])).toBe(false);
  const guarded: Formula = (a, b) => (b === 0 ? 'none' : a / b);
  expect(await passes(guarded, (a, b) => (b === 0 ? { error: '#DIV/0!' } : a / b), [[7, 0]])).toBe(false);
});

test('what gives nothing has no edges', async () => {
  const unlike = [{ inputs: [{ sheet: 'S', cell: 'A1', value: 1 }], index: 0, expected: 1, seen: 2 }];
  expect(
    await notAtEdge(
      unlike,
      async () => [[1], [2]],
      async () => undefined,
      same,
    ),
  ).toBe(unlike[0]);
});
