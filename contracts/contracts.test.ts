import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from './canonical.ts';
import { AnnealError, ERRORS, EXIT } from './errors.ts';
import { campaignName, makeRolloutId, rolloutId } from './ids.ts';
import { duration, durationMs } from './units.ts';

describe('canonicalJson', () => {
  test('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(object));
      }),
    );
  });

  test('parses back to the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('refuses what JSON cannot carry, in long lists of numbers too', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1])
      for (const at of [value, [value], [1, 2, value], [[1], [value]]])
        expect(() => canonicalJson({ value: at })).toThrow(TypeError);
  });

  test('numbers in a list are written as they are by themselves', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), (numbers) => {
        expect(canonicalJson(numbers)).toBe(`[${numbers.map((one) => canonicalJson(one)).join(',')}]`);
      }),
    );
    // biome-ignore lint/suspicious/noSparseArray: what is absent in a list is null.
    expect(canonicalJson([1, , undefined, -0])).toBe('[1,null,null,0]');
  });
});

describe('ids', () => {
  test('a rollout id is the same for the same request and parses', () => {
    const of = {
      campaign: campaignName.parse('quickstart'),
      round: 2,
      purpose: 'train',
      policyVersion: 1,
      group: 3,
      sample: 4,
    } as const;
    expect(makeRolloutId(of)).toBe('quickstart/r2/train.v1/g3/s4');
    expect(rolloutId.safeParse('quickstart/r2/elsewhere.v1/g3/s4').success).toBe(false);
  });

  test('brands keep ids apart', () => {
    const take = (_id: ReturnType<typeof makeRolloutId>): void => undefined;
    // @ts-expect-error a campaign's name is no rollout id
    take(campaignName.parse('quickstart'));
  });
});

describe('durations', () => {
  test.each([
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['250ms', 250],
  ])('%s is %d ms', (text, ms) => expect(durationMs(text)).toBe(ms));

  test.each([30, '30', '5 minutes', '-1s', ''])('%j has no unit and is refused', (value) => {
    expect(duration.safeParse(value).success).toBe(false);
  });
});

test('every error has an exit code of the table, and says what to do', () => {
  for (const [code, entry] of Object.entries(ERRORS)) {
    expect(EXIT[entry.exit], code).toBeGreaterThan(0);
    expect(entry.action.length, code).toBeGreaterThan(10);
  }
  expect(new AnnealError('gate.not_found', 'x').exitCode).toBe(4);
});
