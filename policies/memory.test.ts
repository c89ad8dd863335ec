import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../contracts/canonical.ts';
import { campaignName } from '../contracts/ids.ts';
import { memoryEntry, type Remembered } from '../contracts/memory.ts';
import { MEMORY_BOUNDS, type MemoryQuestion, recall, tokensOf, weightOf } from './memory.ts';

const ticket = (name: string) => campaignName.parse(`ticket-${name}`);
const AT = '2031-03-01T00:00:00.000Z';
const NOW = new Date('2031-03-02T00:00:00.000Z');
const entry = (
  at: number,
  text: string,
  more: { tainted?: boolean; at?: string; repository?: string } = {},
): Remembered => ({
  entry: memoryEntry.parse({
    ...{ schema: 'anneal/memory/v1', id: at.toString(16).padStart(64, '0'), kind: 'failure', text, at: more.at ?? AT },
    ...{
      tainted: more.tainted ?? false,
      from: { case: `ticket-${at}`, campaign: null, repository: more.repository ?? 'trainer', object: null },
    },
  }),
  uses: [],
});
const question = (text: string, more: Partial<MemoryQuestion> = {}): MemoryQuestion => ({
  ...{ text, campaign: null, repository: 'trainer', case: ticket('0'), readerIsTainted: true, now: NOW, ...more },
});
const used = (one: Remembered, ...success: boolean[]): Remembered => ({
  ...one,
  uses: success.map((good, at) => ({ case: `ticket-9${at}` as never, success: good, at: NOW.toISOString() })),
});

const ALL = [
  entry(1, 'exception: division by zero in scale_values of the rewards'),
  entry(2, 'data starvation: the loader thread stopped at a broken record'),
  entry(3, 'checkpoint corruption after the disk was full', { tainted: true }),
  entry(4, 'learning rate with the wrong sign: the loss goes up'),
];

describe('what is remembered', () => {
  test('is found by what it is about', () => {
    const first = (text: string) => recall(ALL, question(text))[0]?.entry.text;
    expect(first('ZeroDivisionError in scaleValues')).toContain('division by zero');
    expect(first('the loader gives no records')).toContain('loader thread');
    expect(first('loss rises, sign of the rate')).toContain('wrong sign');
    expect(recall(ALL, question('xylophone'))).toEqual([]);
  });

  test('is the same whatever the order is that it is kept in', () => {
    const texts = fc.array(fc.lorem({ maxCount: 8 }), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(texts, fc.lorem({ maxCount: 5 }), (all, asked) => {
        const entries = all.map((text, at) => entry(at + 1, text));
        const ids = (of: readonly Remembered[]) => recall(of, question(asked)).map(({ entry: one }) => one.id);
        expect(ids(entries.toReversed())).toEqual(ids(entries));
      }),
    );
  });

  test('never fills more than its share, nor is shown to whoever acts untainted, nor to its own case', () => {
    const drawn = fc.array(fc.record({ text: fc.lorem({ maxCount: 60 }), tainted: fc.boolean() }), { maxLength: 25 });
    fc.assert(
      fc.property(drawn, fc.boolean(), fc.nat(1_500), (all, readerIsTainted, characters) => {
        const entries = all.map(({ text, tainted }, at) => entry(at, text.slice(0, 2_000), { tainted }));
        const asked = question(all[0]?.text ?? 'nothing', { readerIsTainted, case: ticket('3') });
        const chosen = recall(entries, asked, { ...MEMORY_BOUNDS, characters });
        expect(chosen.reduce((sum, one) => sum + one.entry.text.length, 0)).toBeLessThanOrEqual(characters);
        expect(chosen.length).toBeLessThanOrEqual(MEMORY_BOUNDS.entries);
        for (const one of chosen) {
          expect(one.entry.tainted && !readerIsTainted).toBe(false);
          expect(one.entry.from.case).not.toBe('ticket-3');
          expect(canonicalJson(one.entry)).toBe(
            canonicalJson(entries.find(({ entry: e }) => e.id === one.entry.id)!.entry),
          );
        }
      }),
    );
  });

  test('a tainted entry that is the likest is not there for whoever acts untainted', () => {
    const asked = 'checkpoint corruption, disk full';
    expect(recall(ALL, question(asked))[0]!.entry.tainted).toBe(true);
    expect(recall(ALL, question(asked, { readerIsTainted: false }))).toEqual([]);
  });
});

describe('it fades', () => {
  const near = { now: NOW, campaign: null, repository: 'trainer' };

  test('by half in thirty days', () => {
    const fresh = weightOf(entry(1, 'a', { at: NOW.toISOString() }), near);
    expect(fresh).toBe(1);
    const old = entry(1, 'a', { at: new Date(NOW.getTime() - 30 * 86_400_000).toISOString() });
    expect(weightOf(old, near)).toBeCloseTo(0.5);
    expect(weightOf({ ...old, uses: used(old, true).uses }, near)).toBe(1);
  });

  test('with each use that did not help, and never below nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 20 }), (uses) => {
        const before = weightOf(used(ALL[0]!, ...uses), near);
        const after = weightOf(used(ALL[0]!, ...uses, false), near);
        expect(after).toBeLessThan(before);
        expect(after).toBeGreaterThan(0);
      }),
    );
  });

  test('elsewhere it counts for less', () => {
    const here = recall(
      [entry(1, 'same words'), entry(2, 'same words', { repository: 'other' })],
      question('same words'),
    );
    expect(here.map(({ entry: one }) => one.from.repository)).toEqual(['trainer', 'other']);
  });
});

test('names are found by their parts', () => {
  expect(tokensOf('scale_values scaleValues x2')).toEqual([
    'scale_values',
    'scale',
    'values',
    'scalevalues',
    'scale',
    'values',
    'x2',
  ]);
});
