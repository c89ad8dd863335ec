import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TypedValue } from '../../../contracts/task.ts';
import { decodeValue, pythonLiteral, sameValue } from './values.ts';

const int = (v: string): TypedValue => ({ t: 'int', v });
const float = (v: string): TypedValue => ({ t: 'float', v });

test.each([
  ['equal ints', int('3'), int('3'), true],
  ['an int where a float is expected', float('3.0'), int('3'), true],
  ['a float where an int is expected', int('3'), float('3.0'), false],
  ['a bool for an int', int('1'), { t: 'bool', v: true }, false],
  ['a bool for a float', float('1.0'), { t: 'bool', v: true }, false],
  ['the last digits', float('0.30000000000000004'), float('0.3'), true],
  ['more than the last digits', float('0.3'), float('0.30001'), false],
  ['nan', float('nan'), float('nan'), true],
  ['nan for a number', float('1.0'), float('nan'), false],
  ['infinities', float('inf'), float('inf'), true],
  ['opposite infinities', float('inf'), float('-inf'), false],
  ['a large number for infinity', float('inf'), float('1e308'), false],
  ['signed zero', float('0.0'), float('-0.0'), true],
  ['large ints beyond doubles', int('9007199254740993'), int('9007199254740992'), false],
  ['list for tuple', { t: 'tuple', v: [int('1')] }, { t: 'list', v: [int('1')] }, false],
  ['nested', { t: 'list', v: [float('1.0'), { t: 'none' }] }, { t: 'list', v: [int('1'), { t: 'none' }] }, true],
  ['a longer list', { t: 'list', v: [int('1')] }, { t: 'list', v: [int('1'), int('2')] }, false],
  ['a string for an error', { t: 'error', v: 'ValueError' }, { t: 'str', v: 'ValueError' }, false],
  ['errors by name', { t: 'error', v: 'ValueError' }, { t: 'error', v: 'ValueError' }, true],
] as [string, TypedValue, TypedValue, boolean][])('%s', (_name, expected, seen, same) => {
  expect(sameValue(expected, seen)).toBe(same);
});

const { value } = fc.letrec<{ value: TypedValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant<TypedValue>({ t: 'none' }),
    fc.boolean().map((v): TypedValue => ({ t: 'bool', v })),
    fc.bigInt().map((v): TypedValue => ({ t: 'int', v: String(v) })),
    fc.double().map((v): TypedValue => float(pythonFloat(v))),
    fc.string({ unit: 'binary' }).map((v): TypedValue => ({ t: 'str', v })),
    fc.array(tie('value'), { maxLength: 4 }).map((v): TypedValue => ({ t: 'list', v })),
    fc.array(tie('value'), { maxLength: 4 }).map((v): TypedValue => ({ t: 'tuple', v })),
  ),
}));
const pythonFloat = (v: number): string =>
  Number.isNaN(v) ? 'nan' : v === 1 / 0 ? 'inf' : v === -1 / 0 ? '-inf' : String(v);

test('every value survives its JSON form and equals itself', () => {
  fc.assert(
    fc.property(value, (v) => {
      expect(decodeValue(JSON.stringify(v))).toEqual(v);
      expect(sameValue(v, v)).toBe(true);
    }),
  );
});

test('Python reads a literal as the value that it stands for', () => {
  const values = fc.sample(value, { numRuns: 300, seed: 5 });
  const source = `import sys
def show(x):
    if x is None: return ['none']
    if isinstance(x, (list, tuple)): return [type(x).__name__, [show(i) for i in x]]
    return [type(x).__name__, x if isinstance(x, bool) else str(x).replace('-0.0', '0.0') if isinstance(x, float) else x if isinstance(x, str) else str(x)]
import json
print(json.dumps([show(v) for v in [${values.map(pythonLiteral).join(',')}]]))`;
  const seen = JSON.parse(execFileSync('python3', ['-'], { input: source, encoding: 'utf8' })) as unknown[];
  const show = (v: TypedValue): unknown => {
    if (v.t === 'none') return ['none'];
    if (v.t === 'list' || v.t === 'tuple') return [v.t, v.v.map(show)];
    return [v.t, v.v];
  };
  for (const [index, v] of values.entries()) {
    const [wanted, got] = [JSON.stringify(show(v)), JSON.stringify(seen[index])];
    // Floats are written by two languages; comparing them as text is not the point here.
    if (!wanted.includes('"float"')) expect(got).toBe(wanted);
  }
});

test('hostile text decodes to nothing, without throwing', () => {
  for (const text of [
    '',
    'null',
    '[]',
    '{"t":"int","v":3}',
    '{"t":"int","v":"1_0"}',
    '{"t":"int","v":"0x10"}',
    '{"t":"float","v":"1e"}',
    '{"t":"object","v":"x"}',
    '{"t":"none","v":1}',
    '{"t":"bool","v":"true"}',
    '{"t":"int","v":"1","__eq__":1}',
    `${'{"t":"list","v":['.repeat(5_000)}${']}'.repeat(5_000)}`,
    '['.repeat(60_000),
  ])
    expect(decodeValue(text)).toBeUndefined();
  fc.assert(fc.property(fc.json(), (text) => void decodeValue(text)));
});
