// The problems of problems.ts as repositories of the languages that have them in common.
import type { RunnerName } from '../../verifiers/patch/check.ts';
import { PROBLEMS, type Problem } from './problems.ts';
import type { Repository } from './repository.ts';

/** A result may be a text as well, as it is written. */
interface Tested {
  readonly name: string;
  readonly fails: readonly [string, number | string];
  readonly passes: readonly [string, number | string];
}

interface Form {
  /** Of the statements that the languages have in common, where a language is not one of them. */
  inWords?(statements: string): string;
  readonly path: string;
  readonly project?: Readonly<Record<string, string>>;
  readonly sources?: readonly string[];
  /** Its file with the function. */
  code(problem: Problem): string;
  readonly testPath: string;
  /** Names of the tests that fail and pass before, and their file. */
  readonly names: readonly [string, string];
  tests(problem: Tested): string;
}

const indented = (body: string, by: string): string => body.replaceAll(/^/gm, by);
const typed = ({ parameters }: Problem, form: (name: string) => string): string => parameters.map(form).join(', ');

const inPython = (statements: string): string =>
  statements
    .replaceAll(/if \((.*?)\) \{ return (.*?); \} return (.*?);/g, 'return $2 if $1 else $3')
    .replaceAll(/if \((.*?)\) \{ return (.*?); \} if/g, 'if $1: return $2\n    if')
    .replaceAll(/if \((.*?)\) \{ return (.*?); \}/g, 'if $1: return $2')
    .replaceAll(';', '')
    .replaceAll('&&', 'and');
const python = {
  path: 'amounts/numbers_of.py',
  inWords: inPython,
  code: (one: Problem) =>
    `"""Whole numbers."""\n\n\ndef ${one.name}(${typed(one, (name) => name)}):\n${indented(inPython(one.body), '    ')}\n`,
  testPath: 'tests/test_numbers_of.py',
} as const;
const javascript = {
  path: 'src/numbers.mjs',
  code: (one: Problem) =>
    `export function ${one.name}(${typed(one, (name) => name)}) {\n${indented(one.body, '  ')}\n}\n`,
  testPath: 'test/numbers.test.mjs',
} as const;

const FORMS: Readonly<Record<RunnerName, Form>> = {
  unittest: {
    ...python,
    names: ['Numbers::test_mended', 'Numbers::test_kept'],
    tests: ({ name, fails, passes }) => `import unittest

from amounts.numbers_of import ${name}


class Numbers(unittest.TestCase):
    def test_mended(self):
        self.assertEqual(${name}(${fails[0]}), ${fails[1]})

    def test_kept(self):
        self.assertEqual(${name}(${passes[0]}), ${passes[1]})
`,
  },
  pytest: {
    ...python,
    names: ['test_mended', 'test_kept'],
    tests: ({ name, fails, passes }) => `from amounts.numbers_of import ${name}


def test_mended():
    assert ${name}(${fails[0]}) == ${fails[1]}


def test_kept():
    assert ${name}(${passes[0]}) == ${passes[1]}
`,
  },
  'node-test': {
    ...javascript,
    names: ['mended', 'kept'],
    tests: ({ name, fails, passes }) => `import assert from 'node:assert';
import { test } from 'node:test';
import { ${name} } from '../src/numbers.mjs';

test('mended', () => {
  assert.strictEqual(${name}(${fails[0]}), ${fails[1]});
});

test('kept', () => {
  assert.strictEqual(${name}(${passes[0]}), ${passes[1]});
});
`,
  },
  vitest: {
    ...javascript,
    names: ['numbers > mended', 'numbers > kept'],
    tests: ({ name, fails, passes }) => `import { describe, expect, it } from 'vitest';
import { ${name} } from '../src/numbers.mjs';

describe('numbers', () => {
  it('mended', () => {
    expect(${name}(${fails[0]})).toBe(${fails[1]});
  });

  it('kept', () => {
    expect(${name}(${passes[0]})).toBe(${passes[1]});
  });
});
`,
  },
  go: {
    path: 'numbers/numbers.go',
    // A statement behind another's brace needs a semicolon before it.
    inWords: (statements) => statements.replaceAll('} ', '}; '),
    project: { 'go.mod': 'module numbers.example\n\ngo 1.21\n' },
    code: (one) =>
      `package numbers\n\nfunc ${one.name}(${typed(one, (name) => name)} int) int {\n${indented(one.body, '\t')}\n}\n`,
    testPath: 'numbers/numbers_test.go',
    names: ['TestMended', 'TestKept'],
    tests: ({ name, fails, passes }) => `package numbers

import "testing"

func TestMended(t *testing.T) {
	if got := ${name}(${fails[0]}); got != ${fails[1]} {
		t.Errorf("got %d", got)
	}
}

func TestKept(t *testing.T) {
	if got := ${name}(${passes[0]}); got != ${passes[1]} {
		t.Errorf("got %d", got)
	}
}
`,
  },
  cargo: {
    path: 'src/lib.rs',
    project: { 'Cargo.toml': '[package]\nname = "numbers"\nversion = "0.1.0"\nedition = "2021"\n' },
    code: (one) =>
      `pub fn ${one.name}(${typed(one, (name) => `${name}: i64`)}) -> i64 {\n${indented(one.body, '    ')}\n}\n`,
    testPath: 'tests/numbers.rs',
    names: ['of::mended', 'of::kept'],
    tests: ({ name, fails, passes }) => `mod of {
    use numbers::${name};

    #[test]
    fn mended() {
        assert_eq!(${name}(${fails[0]}), ${fails[1]});
    }

    #[test]
    fn kept() {
        assert_eq!(${name}(${passes[0]}), ${passes[1]});
    }
}
`,
  },
  junit: {
    path: 'main/numbers/Numbers.java',
    sources: ['main'],
    code: (one) =>
      `package numbers;\n\npublic class Numbers {\n  public static long ${one.name}(${typed(one, (name) => `long ${name}`)}) {\n${indented(one.body, '    ')}\n  }\n}\n`,
    testPath: 'test/numbers/NumbersTest.java',
    names: ['numbers.NumbersTest::mended', 'numbers.NumbersTest::kept'],
    tests: ({ name, fails, passes }) => `package numbers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class NumbersTest {
  @Test
  void mended() {
    assertEquals(${fails[1]}, Numbers.${name}(${fails[0]}));
  }

  @Test
  void kept() {
    assertEquals(${passes[1]}, Numbers.${name}(${passes[0]}));
  }
}
`,
  },
};

export const smallRepositories = (runner: RunnerName): Repository[] =>
  PROBLEMS.map((problem) => {
    const { path, project, sources, code, testPath, names, tests, inWords = (text) => text } = FORMS[runner];
    const { name, about } = problem;
    const [broken, mended, also] = [problem.broken, problem.mended, problem.also].map(inWords) as [
      string,
      string,
      string,
    ];
    return {
      ...{ name: `${name}-${runner}`, runner, path, about, before: code(problem), broken, mended, also },
      ...(project === undefined ? {} : { project }),
      ...(sources === undefined ? {} : { sources }),
      tests: { path: testPath, text: tests(problem), failToPass: [names[0]], passToPass: [names[1]] },
    };
  });

/** One more, of texts: what is expected is made of words that the test has besides. */
export function textRepository(runner: RunnerName): Repository {
  const { path, project, sources, code, testPath, names, tests } = FORMS[runner];
  const [broken, mended, also] = TEXTS[runner];
  const [fails, passes] = [
    ['"salt", "pepper"', '"salt-pepper"'],
    ['"plain", ""', '"plain"'],
  ] as const;
  // Whole numbers give way to texts; everything else of the form stays.
  const inTexts = (text: string): string =>
    text
      .replaceAll('second int) int', 'second string) string')
      .replaceAll('first: i64, second: i64) -> i64', 'first: &str, second: &str) -> String')
      .replaceAll('long joined(long first, long second)', 'String joined(String first, String second)')
      .replace('"""Whole numbers."""', '"""Texts."""')
      .replaceAll('got %d', 'got %q');
  const problem = {
    ...{
      name: 'joined',
      about: 'joined(first, second) puts two dashes between both.',
      parameters: ['first', 'second'],
    },
    ...{ body: EMPTY[runner] + broken, broken, mended, also },
  };
  return {
    ...{ name: `joined-${runner}`, runner, path, about: problem.about, broken, mended, also },
    before: inTexts(code({ ...problem, fails: ['', 0], passes: ['', 0] })),
    ...(project === undefined ? {} : { project }),
    ...(sources === undefined ? {} : { sources }),
    tests: {
      path: testPath,
      text: inTexts(tests({ name: 'joined', fails, passes })),
      failToPass: [names[0]],
      passToPass: [names[1]],
    },
  };
}

const inBraces = (empty: string): string => `if (${empty}) { return first; }\n`;
const EMPTY: Readonly<Record<RunnerName, string>> = {
  unittest: 'if not second: return first\n',
  pytest: 'if not second: return first\n',
  'node-test': inBraces("second === ''"),
  vitest: inBraces("second === ''"),
  go: 'if second == "" { return first }\n',
  cargo: 'if second.is_empty() { return first.to_string(); }\n',
  junit: inBraces('second.isEmpty()'),
};

/** The statement with the mistake, as it should be, and as it might be as well. */
const TEXTS: Readonly<Record<RunnerName, readonly [string, string, string]>> = {
  unittest: ['return first + "--" + second', 'return first + "-" + second', 'return "-".join((first, second))'],
  pytest: ['return first + "--" + second', 'return first + "-" + second', 'return "-".join((first, second))'],
  'node-test': ["return first + '--' + second;", "return first + '-' + second;", "return [first, second].join('-');"],
  vitest: ["return first + '--' + second;", "return first + '-' + second;", "return [first, second].join('-');"],
  go: ['return first + "--" + second', 'return first + "-" + second', 'return first + ("-" + second)'],
  cargo: [
    'return format!("{}--{}", first, second);',
    'return format!("{}-{}", first, second);',
    'return [first, second].join("-");',
  ],
  junit: ['return first + "--" + second;', 'return first + "-" + second;', 'return String.join("-", first, second);'],
};

/** The function's name, whatever the repository is called. */
export const functionOf = ({ name }: Repository): string => name.slice(0, name.indexOf('-'));
