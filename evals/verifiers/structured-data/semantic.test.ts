import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonValue } from './parsed.ts';
import { flipped, type SemanticCheck, sameJson, semanticCheck, valueAt, violation } from './semantic.ts';

const FILE: JsonValue = {
  total: 60.3,
  'a/b': { '~': 1 },
  rows: [
    { id: 'a', owner: 1, price: 10.1, at: 1 },
    { id: 'b', owner: 2, price: 20.2, at: 1 },
    { id: 'c', owner: 2, price: 30, at: 3 },
  ],
  owners: [{ key: 1 }, { key: 2 }],
  empty: [],
};
const check = (one: object): SemanticCheck => semanticCheck.parse({ name: 'it', ...one });

const HOLDING = [
  { kind: 'equals', at: '/rows/1/id', value: 'b' },
  { kind: 'equals', at: '/a~1b/~0', value: 1 },
  { kind: 'equals', at: '/total', value: 60, absolute: 0.5 },
  { kind: 'equals', at: '/total', value: 60, relative: 0.01 },
  { kind: 'equals', at: '/owners', value: [{ key: 1 }, { key: 2 }] },
  { kind: 'equals', at: '/empty', value: [] },
  { kind: 'count', at: '/rows', least: 3, most: 3 },
  { kind: 'count', at: '/empty', least: 0, most: 0 },
  { kind: 'sum', at: '/rows', of: '/price', value: 60.3 },
  { kind: 'sum', at: '/rows', of: '/price', value: { at: '/total' } },
  { kind: 'sorted', at: '/rows', by: ['/id'], order: 'ascending' },
  { kind: 'sorted', at: '/rows', by: ['/at', '/price'], order: 'ascending' },
  { kind: 'unique', at: '/rows', by: ['/id'] },
  { kind: 'unique', at: '/rows', by: ['/at', '/owner'] },
  { kind: 'references', at: '/rows', of: '/owner', into: '/owners', key: '/key' },
  { kind: 'same-items', at: '/owners', value: [{ key: 2 }, { key: 1 }] },
  { kind: 'only-keys', at: '/rows', keys: ['id', 'owner', 'price', 'at'] },
  { kind: 'only-keys', at: '/a~1b', keys: ['~'] },
];

test.each(HOLDING.map((one) => [JSON.stringify(one), one] as const))(
  'holds, and its flip does not: %s',
  (_name, one) => {
    expect(violation(check(one), FILE)).toBeUndefined();
    expect(violation(flipped(check(one)), FILE)).toBeDefined();
  },
);

test.each([
  [{ kind: 'equals', at: '/rows/1/id', value: 'c' }, '"b" stands there'],
  [{ kind: 'equals', at: '/total', value: '60.3' }, '60.3 stands there'],
  [{ kind: 'equals', at: '/rows/9', value: null }, 'nothing stands'],
  [{ kind: 'equals', at: '/rows/01', value: null }, 'nothing stands'],
  [{ kind: 'equals', at: '/rows/length', value: 3 }, 'nothing stands'],
  [{ kind: 'equals', at: '/constructor', value: 1 }, 'nothing stands'],
  [{ kind: 'equals', at: '/owners', value: [{ key: 1 }] }, 'stands there'],
  [{ kind: 'count', at: '/rows', least: 4, most: 9 }, 'there are 3'],
  [{ kind: 'count', at: '/total', least: 0, most: 9 }, 'no list'],
  [{ kind: 'sum', at: '/rows', of: '/price', value: 61 }, 'the sum is 60.3'],
  [{ kind: 'sum', at: '/rows', of: '/id', value: 61 }, 'not every item has a number'],
  [{ kind: 'sum', at: '/empty', of: '/price', value: 0 }, 'empty'],
  [{ kind: 'sorted', at: '/rows', by: ['/price'], order: 'descending' }, 'item 1 is out of order'],
  [{ kind: 'sorted', at: '/rows', by: ['/no'], order: 'ascending' }, 'nothing that can be ordered'],
  [{ kind: 'sorted', at: '/empty', by: ['/no'], order: 'ascending' }, 'empty'],
  [{ kind: 'unique', at: '/rows', by: ['/owner'] }, 'item 2 repeats [2]'],
  [{ kind: 'unique', at: '/rows', by: ['/no'] }, 'item 0 has no key'],
  [{ kind: 'unique', at: '/empty', by: ['/no'] }, 'empty'],
  [{ kind: 'references', at: '/rows', of: '/at', into: '/owners', key: '/key' }, 'item 2 refers to nothing'],
  [{ kind: 'references', at: '/rows', of: '/no', into: '/owners', key: '/no' }, 'item 0 refers to nothing'],
  [{ kind: 'references', at: '/rows', of: '/owner', into: '/total', key: '/key' }, 'nothing can be referred to'],
  [{ kind: 'same-items', at: '/owners', value: [{ key: 1 }, { key: 1 }] }, 'is missing'],
  [{ kind: 'same-items', at: '/owners', value: [{ key: 1 }] }, '2 items, not 1'],
  [{ kind: 'only-keys', at: '/rows', keys: ['id', 'owner', 'price'] }, 'there is "at" too'],
  [{ kind: 'only-keys', at: '/total', keys: ['id'] }, 'no object'],
  [{ kind: 'only-keys', at: '/empty', keys: ['id'] }, 'empty'],
] as const)('does not hold: %j', (one, why) => {
  expect(violation(check(one), FILE)).toContain(why);
});

test('no check holds of null, {} or [], unless nothing is what it asks for', () => {
  for (const one of HOLDING.filter(({ at }) => at !== '/empty'))
    for (const nothing of [null, {}, [], 0, '']) expect(violation(check(one), nothing)).toBeDefined();
});

test('a value equals itself and nothing that differs in one place', () => {
  const none = { absolute: 0, relative: 0 };
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const copy = JSON.parse(JSON.stringify(value)) as JsonValue;
      expect(sameJson(copy, structuredClone(copy), none)).toBe(true);
      expect(sameJson(copy, [copy], none)).toBe(false);
      expect(sameJson({ a: copy }, { a: copy, b: 1 }, none)).toBe(false);
      expect(valueAt({ a: [copy] }, '/a/0')).toEqual(copy);
    }),
  );
});
