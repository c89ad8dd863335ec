import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LockedTask, TaskRates } from './paired-outcomes.ts';
import { sliceDrifts } from './slice-drift.ts';

const RULE = { falseBlock: 0.1, maxSliceDrop: 0.15 };

/** One task a family; `sizes` families in each capability a, b, c … */
const lockOf = (...sizes: number[]): LockedTask[] =>
  sizes.flatMap((size, at) =>
    Array.from({ length: size }, (_, index) => {
      const capability = 'abcdefgh'[at]!;
      return { task: `${capability}${index}`, family: `${capability}${index}`, capability };
    }),
  );
const rates = (locked: readonly LockedTask[], rate: (task: string) => number): TaskRates =>
  new Map(locked.map(({ task }) => [task, rate(task)]));
const findings = (locked: readonly LockedTask[], candidate: TaskRates, flagged: string[] = [], before = 1) =>
  sliceDrifts(locked, { candidate, roundZero: rates(locked, () => before) }, flagged, RULE);

describe('a slice that fell', () => {
  const locked = lockOf(60, 8, 3);

  it('is shown lost where its families suffice, whatever the rest gained', () => {
    const candidate = rates(locked, (task) => (task.startsWith('b') ? 0 : 1));
    const [a, b, c] = findings(locked, candidate);
    expect([a!.finding, b!.finding, c!.finding]).toEqual(['none', 'lost', 'none']);
    expect(b!.limit).toBeLessThanOrEqual(0);
    expect(b!.why).toBe(
      'b (8 tasks in 8 families): 0.0% against 100.0% of version 0 (−100.0 points, at most −99.7 points with 95.0% confidence)',
    );
  });

  it('is only large where no number of lost families could show it', () => {
    const [, , c] = findings(
      locked,
      rates(locked, (task) => (task.startsWith('c') ? 0 : 1)),
    );
    expect(c!.finding).toBe('large');
    expect(c!.why).toContain('too few families to tell chance from loss');
  });

  it('stays in doubt once it fell, until it measures no lower than version 0', () => {
    const little = rates(locked, (task) => (task === 'b0' ? 0 : 1));
    expect(findings(locked, little)[1]!.finding).toBe('none');
    expect(findings(locked, little, ['b'])[1]!.finding).toBe('flagged');
    expect(
      findings(
        locked,
        rates(locked, () => 1),
        ['b'],
      )[1]!.finding,
    ).toBe('none');
  });

  it('counts missing results as lost', () => {
    const holes = new Map([...rates(locked, () => 1)].filter(([task]) => !task.startsWith('b')));
    expect(findings(locked, holes)[1]!.finding).toBe('lost');
  });
});

it('slices too small to speak do not silence the others', () => {
  // Eleven families one of which is spared: p = 12/2^11 = 0.6%; alone or beside 20 slices of two families the level stays 10%.
  const spared = (locked: LockedTask[]) =>
    findings(
      locked,
      rates(locked, (task) => (/^a[0-4]$/.test(task) ? 0 : 1)),
    )[0]!.finding;
  expect(spared(lockOf(11))).toBe('lost');
  expect(spared(lockOf(11, 2, 2, 2, 2, 2))).toBe('lost');
  // Beside others that could speak, five of five moved families (p = 3.1%) are no longer enough.
  expect(spared(lockOf(11, 11, 11, 11, 11))).toBe('large');
});

it('blocks an unchanged version no more often than the rule says: every outcome of two small slices', () => {
  const locked = lockOf(5, 5);
  let blocked = 0;
  for (let mask = 0; mask < 2 ** 10; mask += 1) {
    // Every family moves by half, up or down by a coin.
    const at = new Map(locked.map(({ task }, index) => [task, (mask >> index) & 1]));
    if (findings(locked, at, [], 0.5).some(({ finding }) => finding === 'lost')) blocked += 1;
  }
  expect(blocked).toBeGreaterThan(0);
  expect(blocked / 2 ** 10).toBeLessThanOrEqual(RULE.falseBlock);
});

it('finds nothing in what did not fall', () => {
  const locked = lockOf(6, 3);
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.5, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 }), (values) => {
      const candidate = new Map(locked.map(({ task }, at) => [task, values[at]!]));
      for (const { finding } of findings(locked, candidate, ['a', 'b'], 0.5)) expect(finding).toBe('none');
    }),
  );
});
