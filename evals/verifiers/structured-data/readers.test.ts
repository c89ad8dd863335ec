import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { parseCsv } from './csv.ts';
import { parseJson } from './json.ts';
import { parseYaml } from './yaml.ts';

const why = (parsed: { why?: string } | object): string => ('why' in parsed ? String(parsed.why) : 'was read');

test('JSON: what JSON.parse reads, this reads alike', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value, null, 1);
      if (text.includes('"__proto__"') || !isExact(value) || /\\ud[89a-f]/i.test(text)) return;
      expect(parseJson(text)).toEqual({ value: JSON.parse(text) });
    }),
  );
});

test('JSON: what JSON.parse refuses, this refuses', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((text) => text.slice(0, -1)),
        fc.json().map((text) => `${text}x`),
      ),
      (text) => {
        if (isRefused(text)) expect(parseJson(text)).toHaveProperty('why');
      },
    ),
  );
});

/** Whole numbers beyond 2^53 are refused on purpose. */
const isExact = (value: unknown): boolean =>
  typeof value === 'number'
    ? !Number.isInteger(value) || Number.isSafeInteger(value)
    : typeof value !== 'object' || value === null || Object.values(value).every(isExact);

function isRefused(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

test.each([
  ['two members of one name', '{"a":1,"a":2}', /twice/],
  ['the same name in an escape', '{"a":1,"\\u0061":2}', /twice/],
  ['NaN', '[NaN]', /no JSON/],
  ['Infinity', '-Infinity', /no JSON/],
  ['a number beyond doubles', '1e999', /too large/],
  ['a whole number that no double holds', '9007199254740993', /larger than a double/],
  ['a prototype', '{"__proto__":{"admin":true}}', /__proto__/],
  ['a comma too many', '[1,]', /no JSON/],
  ['a comment', '{} // x', /no JSON/],
  ['single quotes', "{'a':1}", /no JSON/],
  ['a zero in front', '01', /no JSON/],
  ['a tab in a string', '"\t"', /no JSON/],
  ['half a surrogate pair', '"\\ud800"', /surrogate/],
  ['two values', '1 2', /no JSON/],
  ['half a file', '{"a":[1', /not complete/],
  ['white space alone', ' ', /not complete/],
  ['nesting', '['.repeat(100_000), /64 deep/],
  ['many values', `[${'0,'.repeat(500_001)}0]`, /500000 values/],
])('JSON refuses %s', (_name, text, reason) => {
  expect(why(parseJson(text))).toMatch(reason);
});

test('CSV: fields survive quoting', () => {
  const field = fc.string({ maxLength: 8 }).filter((text) => !text.includes('\0'));
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 2 }), { maxLength: 5 }), (rows) => {
      const text = `a,b\r\n${rows.map((row) => `${row.map(quoted).join(',')}\r\n`).join('')}`;
      expect(parseCsv(text, { delimiter: ',', types: {} })).toEqual({
        value: rows.map(([a, b]) => ({ a, b })),
      });
    }),
  );
});

test('CSV: columns have types, and what is not of its type stays text', () => {
  const types = { n: 'integer', x: 'number', yes: 'boolean' } as const;
  expect(
    parseCsv('n;x;yes;t\n1;2.5;true;7\n;1e3;tRUE;\n1.5;0x10;false;a\n1.0;1;True;TRUE', { delimiter: ';', types }),
  ).toEqual({
    value: [
      { n: 1, x: 2.5, yes: true, t: '7' },
      { n: null, x: 1000, yes: 'tRUE', t: '' },
      { n: '1.5', x: '0x10', yes: false, t: 'a' },
      { n: 1, x: 1, yes: true, t: 'TRUE' },
    ],
  });
});

test('CSV: a byte order mark, and one blank line at the end, are taken', () => {
  const value = [{ a: '1', b: '2' }];
  for (const text of ['\uFEFFa,b\n1,2\n', 'a,b\n1,2\n\n', 'a,b\r\n1,2\r\n\r\n', '\uFEFF"a",b\n1,2'])
    expect(parseCsv(text, { delimiter: ',', types: {} }), JSON.stringify(text)).toEqual({ value });
  expect(parseCsv('a\n1\n\n', { delimiter: ',', types: {} })).toEqual({ value: [{ a: '1' }, { a: '' }] });
});

test.each([
  ['two blank lines at the end', 'a,b\n1,2\n\n\n', /1 fields instead of 2 in row 2/],
  ['a blank line between', 'a,b\n\n1,2\n', /1 fields instead of 2 in row 1/],
  ['a quoted nothing at the end', 'a,b\n1,2\n""\n', /1 fields instead of 2 in row 2/],
  ['a second byte order mark', '\uFEFF\uFEFF"a",b\n1,2\n', /quote inside/],
  ['a short row', 'a,b\n1\n', /1 fields instead of 2 in row 1/],
  ['a long row', 'a\n1,2\n', /2 fields instead of 1/],
  ['a delimiter at the end', 'a,b\n1,2,', /3 fields/],
  ['a column twice', 'a,a\n1,2\n', /twice/],
  ['a column without a name', 'a,\n1,2\n', /no name for column 2/],
  ['an open quote', 'a\n"1\n', /not closed/],
  ['text after a quote', 'a\n"1"2\n', /after a closing quote/],
  ['a quote inside', 'a\n1"2\n', /quote inside/],
  ['a prototype', '__proto__\n1\n', /__proto__/],
  ['nothing', '', /no header/],
])('CSV refuses %s', (_name, text, reason) => {
  expect(why(parseCsv(text, { delimiter: ',', types: {} }))).toMatch(reason);
});

test('YAML: plain data, and what JSON wrote', () => {
  expect(parseYaml('a: [1, 2.5, yes, null, "3"]\nb:\n  c: text\n')).toEqual({
    value: { a: [1, 2.5, 'yes', null, '3'], b: { c: 'text' } },
  });
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      // YAML has no line separators inside plain JSON strings, and no control characters at all.
      if (!/^[\x20-\x7e]*$/.test(text) || text.includes('__proto__') || !isExact(value) || text.length > 900) return;
      expect(parseYaml(text)).toEqual({ value: JSON.parse(text) });
    }),
  );
});

test.each([
  ['a key twice', 'a: 1\na: 2\n', /unique/i],
  ['an alias', 'a: &x [1]\nb: *x\n', /alias/],
  ['a bomb of aliases', 'a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n', /alias/],
  ['a tag', 'a: !!python/object:os.system x\n', /tag|holds/i],
  ['binary', 'a: !!binary aGk=\n', /tag|holds/i],
  ['two documents', 'a: 1\n---\nb: 2\n', /document/i],
  ['not a number', 'a: .nan\n', /NaN/],
  ['infinity', 'a: .inf\n', /Infinity/],
  ['a number that no double holds', 'a: 9007199254740993\n', /larger than a double/],
  ['a list for a key', '? [1]\n: 2\n', /key/i],
  ['a prototype', '__proto__: {a: 1}\n', /__proto__/],
  ['nesting', '['.repeat(5_000), /./],
  ['an older version', '%YAML 1.1\n---\na: yes\n', /version|1\.1/],
  ['text that is none', 'a: b: c: [', /./],
])('YAML refuses %s', (_name, text, reason) => {
  expect(why(parseYaml(text))).toMatch(reason);
  expect(parseYaml(text)).toHaveProperty('why');
});
