import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RanTest } from '../../support/vitest-run.ts';
import { gatewayFigures, mergeFigures, poolFigures, rolloutFigures } from './benches.ts';
import { DATA_CODE, DATA_PARTS } from './parts.ts';
import { figuresOf } from './tests.ts';

const ran = (name: string, status: RanTest['status'], figures: RanTest['figures'] = {}): RanTest => ({
  ...{ file: 'a.test.ts', name, status, figures },
});
const holds = (figures: readonly { readonly holds: boolean }[]): boolean[] => figures.map((one) => one.holds);
const files = ['a.test.ts'];

test('a line holds where each of its tests passed: one that was skipped, or no test at all, shows nothing', () => {
  const tests = [ran('stream one', 'passed'), ran('stream two', 'skipped'), ran('plain', 'passed')];
  const figures = figuresOf(tests, [
    { name: 'all', files },
    { name: 'plain', files, named: /plain/ },
    { name: 'none', files, named: /nothing of the kind/ },
    { name: 'elsewhere', files: ['b.test.ts'] },
  ]);
  expect(holds(figures)).toEqual([false, true, false, false]);
  expect(figures[0]!.value).toBe('2 of 3 tests pass; skipped: stream two');
  const flaky = figuresOf(
    tests,
    [{ name: 'plain', files, named: /plain/ }],
    [],
    ['FLAKY, passed when run alone: a.test.ts › plain: Error: late'],
  );
  expect(flaky[0]!.value).toBe('1 of 1 tests pass; 1 of them only when run alone');
});

test('what a test told before it failed counts, though it passes when it is run again', () => {
  const again: RanTest = { ...ran('kills', 'passed'), figures: { lost: 0 }, before: { lost: 1 } };
  const [lost] = figuresOf([again], [], [{ name: 'lost', files, figure: 'lost', most: 0 }]);
  expect([lost!.value, lost!.holds]).toEqual(['0 to 1', false]);
});

test('of a number that several tests tell the worst counts, and all must tell it', () => {
  const told = [
    { name: 'kills', files, figure: 'kills', least: 100 },
    { name: 'lost', files, figure: 'lost', most: 0 },
  ];
  const of = (...figures: RanTest['figures'][]) =>
    figuresOf(
      figures.map((one) => ran('x', 'failed', one)),
      [],
      told,
    );
  expect(holds(of({ kills: 100, lost: 0 }, { kills: 150, lost: 0 }))).toEqual([true, true]);
  expect(of({ kills: 99, lost: 0 }, { kills: 100, lost: 2 }).map(({ value, holds }) => [value, holds])).toEqual([
    ['99 to 100', false],
    ['0 to 2', false],
  ]);
  expect(holds(of({ kills: 100 }, { kills: 100, lost: 0 }))).toEqual([true, false]);
  expect(holds(of())).toEqual([false, false]);
});

const ratio = (median: number) => ({ median, low: median / 2, high: 2 * median });

test('the gateway is held against Portkey and LiteLLM at 16 and 64 in both modes', () => {
  const against = (peer: 'Portkey' | 'LiteLLM', median: number) =>
    (['plain', 'streamed'] as const).flatMap((mode) =>
      [1, 16, 64].map((concurrency) => ({ mode, concurrency, peer, ratio: ratio(median) })),
    );
  const good = gatewayFigures({ peers: { ratios: [...against('Portkey', 2), ...against('LiteLLM', 10)], kept: 1 } });
  expect(holds(good)).toEqual(Array(9).fill(true));
  const bad = gatewayFigures({
    peers: { ratios: [...against('Portkey', 1.9), ...against('LiteLLM', 9)], kept: 0.9999 },
  });
  expect(holds(bad)).toEqual(Array(9).fill(false));
});

test('what the gateway adds is judged without the disk, and memory by its second half', () => {
  const added = (ms: number) => [{ mode: 'plain' as const, beyond: ratio(ms), p99: ratio(9) }];
  expect(holds(gatewayFigures({ open: { added: added(0.9), kept: 1 } }))).toEqual([true, true, true]);
  expect(holds(gatewayFigures({ open: { added: added(1.1), kept: 1 } }))).toEqual([false, true, true]);
  expect(holds(gatewayFigures({ one: added(1.1) }))).toEqual([false]);
  const memory = { total: 100_000, first: 100, last: 200, peak: 220, slope: 9, slopeAfterHalf: 1.9 };
  expect(holds(gatewayFigures({ memory }))).toEqual([true, true]);
  expect(holds(gatewayFigures({ memory: { ...memory, slopeAfterHalf: 2.1, total: 99_999 } }))).toEqual([false, false]);
});

const merged = {
  samples: 100,
  breaks: { compaction: 3, rewrite: 2, 'sub-agent': 1 },
  ...{ alone: 400, merged: 101, least: 100, toLeast: 1.01, toLeastInShortRows: 1.2, saved: 4 },
  ...{ wronglyMerged: 0, secondsPerMillion: 0.1 },
};
const stepped = {
  ...{ seconds: { merged: [1], alone: [3] }, tokens: { merged: 100, alone: 400 } },
  ...{ rows: { merged: 1, alone: 4 }, furthest: 1e-5 },
};

test('merging: the worst draw counts, none wrongly merged, the same gradient, and sessions that were broken', () => {
  const of = (merging: typeof merged, stepping = stepped) =>
    mergeFigures({ merging: [merged, merging], stepping: [stepping], peakMiB: 1, jax: '0' })
      .filter((one) => !one.holds)
      .map(({ name }) => name);
  expect(of(merged)).toEqual([]);
  expect(of({ ...merged, toLeast: 1.011 })).toEqual(['tokens after merging ÷ least possible']);
  expect(of({ ...merged, wronglyMerged: 1 })).toEqual(['samples wrongly merged']);
  expect(of(merged, { ...stepped, furthest: 1e-2 })).toEqual(['… its gradients differ by at most']);
  const never = { ...merged, breaks: { compaction: 0, rewrite: 2, 'sub-agent': 0 } };
  expect(mergeFigures({ merging: [never], stepping: [stepped], peakMiB: 1, jax: '0' })[0]!.holds).toBe(false);
});

test('a million completions in each part; ten times the rollouts of Agent Lightning as it is', () => {
  const part = (title: string, records: number) => ({
    title,
    records,
    seconds: 10,
    cpuSeconds: 1,
    peakMiB: 9,
    tenths: [],
  });
  expect(holds(poolFigures({ parts: [part('in', 1_000_000), part('scan', 1_000_000)] }))).toEqual([true, true, true]);
  expect(poolFigures({ parts: [part('in', 1_000_000), part('scan', 999_999)] })[0]!.holds).toBe(false);
  const turn = (who: string, seconds: number) => ({ who, turn: 1, seconds, waited: [1_000], memory: 1 });
  const rows = (seconds: number) => [turn('Anneal', 1), turn('AL, as it is', seconds), turn('AL, tuned', 2)];
  expect(holds(rolloutFigures(rows(10)))).toEqual([true, true, true]);
  expect(holds(rolloutFigures(rows(9)))).toEqual([false, true, true]);
});

test('every step has a name of its own and a time; what the journal goes by is there', () => {
  const steps = Object.values(DATA_PARTS).flat();
  expect(new Set(steps.map(({ name }) => name)).size).toBe(steps.length);
  for (const [part, own] of Object.entries(DATA_PARTS))
    for (const { name, seconds } of own) expect([name.startsWith(`${part}: `), seconds > 0]).toEqual([true, true]);
  for (const path of DATA_CODE)
    expect([path, existsSync(join(import.meta.dirname, '../../..', path))]).toEqual([path, true]);
});
