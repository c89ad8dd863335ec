import { expect, test } from 'vitest';
import { CORPUS } from '../../evals/hacks/corpus.ts';
import { chanceFigure, chancesOf, SECRETS } from './chance.ts';

test('each format with twins has cheats by chance, with thirty secrets or more', () => {
  const chances = chancesOf(CORPUS);
  for (const format of ['patch', 'terminal-state']) {
    const own = chances.filter(({ sample }) => sample.task.format === format);
    expect(new Set(own.map(({ variant }) => variant.name)).size, format).toBeGreaterThanOrEqual(2);
    for (const some of Map.groupBy(own, ({ variant }) => variant).values())
      expect(new Set(some.map(({ secret }) => secret)).size).toBe(SECRETS);
  }
});

test('a share that the documented one does not explain does not hold', () => {
  const of = (rewarded: number, all: number) => Array.from({ length: all }, (_, at) => ({ rewarded: at < rewarded }));
  expect(chanceFigure('patch', of(0, 120))).toMatchObject({
    value: '0 of 120, upper bound 2.5%, lower 0.0%',
    holds: true,
  });
  expect(chanceFigure('patch', of(4, 120)).holds).toBe(false);
  expect(chanceFigure('patch', []).holds).toBe(false);
});
