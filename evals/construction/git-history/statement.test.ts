import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { missingNames, statementOf, type Told } from './statement.ts';

const told = (change: Partial<Told>): Told => ({
  subject: 'Empty names are refused with an error',
  body: '',
  paths: ['src/names.py', 'tests/test_names.py'],
  tests: ['tests/test_names.py::Names::test_empty_is_refused'],
  solution: ['    if name.strip() == "":', '        raise ValueError("empty")'],
  testLines: [],
  readable: [],
  ...change,
});
const textOf = (change: Partial<Told>): string => {
  const statement = statementOf(told(change));
  return 'why' in statement ? `why: ${statement.why}` : statement.text;
};

describe('what gives the solution away is taken out', () => {
  test.each([
    ['fix(names): empty names are refused with an error', 'empty names are refused with an error'],
    ['[Fix] empty names are refused with an error (#12)', 'empty names are refused with an error'],
    ['names.py: empty names are refused with an error', 'empty names are refused with an error'],
    ['Empty names in src/names.py are refused with an error', 'Empty names are refused with an error'],
    ['Since 1a2b3c4d5e empty names are refused, see org/repo#7', 'Since  empty names are refused, see'],
  ])('%s', (subject, expected) => expect(textOf({ subject })).toBe(expected));

  test('code of the patch, blocks of code, names of tests, trailers, addresses', () => {
    const body = [
      'A name of blanks only was taken before.',
      'It is: if name.strip() == "": and so on',
      'See test_empty_is_refused for more.',
      '',
      '```',
      'anything at all',
      '```',
      '    indented code',
      'More at https://example.org/x.',
      'Signed-off-by: A <a@example.org>',
      'Fixes #12',
    ].join('\n');
    expect(textOf({ body })).toBe(
      'Empty names are refused with an error\n\nA name of blanks only was taken before.\n\nMore at',
    );
  });

  test('no message leaks a long line of the solution or the name of a test', () => {
    const words = fc.constantFrom(
      'if name.strip() == "":',
      'raise ValueError("empty")',
      'test_empty_is_refused',
      'plain words',
      '\n',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 20 }), (parts) => {
        const text = textOf({ body: parts.join(' ') }).replaceAll(/\s/g, '');
        for (const secret of ['ifname.strip()=="":', 'raiseValueError("empty")', 'test_empty_is_refused'])
          expect(text).not.toContain(secret);
      }),
    );
  });
});

test('a message that says nothing makes no task', () => {
  expect(textOf({ subject: 'Fix' })).toBe('why: the message says too little: "Fix"');
  expect(textOf({ subject: 'fix: src/names.py' })).toMatch(/^why: /);
});

describe('what the tests need and nobody could guess', () => {
  const change = {
    solution: ['def parse(text, allow_blank=False):', '    return Strict(text)'],
    testLines: ['self.assertEqual(parse("x", allow_blank=True), 1)', 'local = Strict'],
    readable: ['def parse(text):'],
  };
  test('is named, unless the message or the repository has it', () => {
    expect(missingNames(change, 'nothing')).toEqual(['Strict', 'allow_blank']);
    expect(missingNames(change, 'With allow_blank set')).toEqual(['Strict']);
    expect(statementOf(told(change))).toMatchObject({ names: ['Strict', 'allow_blank'] });
  });
  test('is no task when it is too much', () => {
    const many = Array.from({ length: 12 }, (_, index) => `name_${index}`).join(' ');
    const statement = statementOf(told({ solution: [many], testLines: [many] }));
    expect('why' in statement && statement.why).toMatch(
      /^its tests need 12 names that neither message nor repository has/,
    );
  });
});
