// How tests are written in each language, as far as flips.ts has to read them: where one begins, and which lines assert an equality with
// a value that is written out. Nothing but these is sure to be impossible once the value is another one.
import type { Runner } from './runners.ts';

export type Language = Runner['language'];

/** Which argument of the assertion is the expected value; rest: whatever follows on the line. */
export type Expected = 'rest' | 'first' | 'second' | 'last';

export interface TestLanguage {
  /** Names that a test's name is made of, from the outermost. */
  partsOf(name: string): readonly string[];
  /** The line that begins a test or a group; its first group is the indentation. @param name as a pattern */
  begins(name: string): RegExp;
  readonly equalities: readonly { readonly begins: RegExp; readonly expected: Expected }[];
  /** What makes it unsure that the line fails whenever the value is another one. */
  readonly unsure: RegExp;
  /** Names and calls that a written value may hold. */
  readonly words: RegExp;
  /** Signs that it may hold beside those of every language. */
  readonly signs: RegExp;
  /** A line that fails wherever it stands in a test that begins with `head`. */
  tail?(head: string): string | undefined;
}

const NONE = /(?!)/g;
const last = (name: string): readonly string[] => [name.slice(name.lastIndexOf('::') + 1).replace(/^:/, '')];

export const LANGUAGES: Readonly<Record<Language, TestLanguage>> = {
  python: {
    partsOf: (name) => name.split('::'),
    begins: (name) => new RegExp(`^([ \\t]*)(?:async )?(?:def|class) ${name}\\b.*$`, 'm'),
    equalities: [
      { begins: /^\s*assert\s+(?!not\b).*?[^=!<>]==/, expected: 'rest' },
      {
        begins: /^\s*self\.assert(?:Equal|ListEqual|TupleEqual|DictEqual|SetEqual|MultiLineEqual)\(/,
        expected: 'last',
      },
    ],
    unsure: /\b(or|and|if|not|in|is|lambda|for)\b/,
    words: /\b(True|False|None)\b/g,
    signs: NONE,
    tail: () => 'assert len(__name__) == -1',
  },
  javascript: {
    partsOf: (name) => name.split(' > '),
    begins: (name) =>
      new RegExp(`^([ \\t]*)(?:await )?(?:\\w+\\.)?(?:test|it|describe|suite)\\w*\\(\\s*(['"\`])${name}\\2.*$`, 'm'),
    equalities: [
      { begins: /^\s*assert\.(?:strictEqual|equal|deepEqual|deepStrictEqual)\(/, expected: 'last' },
      { begins: /^\s*expect\(.*\)\.(?:toBe|toEqual|toStrictEqual)\(/, expected: 'rest' },
    ],
    unsure: /\|\||&&|\?|=>/,
    // The keys of an object among them.
    words: /\b(true|false|null)\b|\b[A-Za-z_]\w*(?=\s*:)/g,
    signs: NONE,
  },
  go: {
    partsOf: (name) => name.split('/'),
    // Of a subtest the words of its name are joined by underscores.
    begins: (name) =>
      new RegExp(`^([ \\t]*)(?:func ${name}\\(|\\w+\\.Run\\("${name.replaceAll('_', '[_ ]')}").*$`, 'm'),
    equalities: [
      { begins: /^\s*if\s+(?:[^;{]*;\s*)?[^=!<>&|;]*?!=/, expected: 'rest' },
      { begins: /^\s*(?:assert|require)\.Equal\(/, expected: 'second' },
    ],
    unsure: /\|\||&&|\bfunc\b/,
    words: /\b(true|false)\b|(?:\[\]|\bmap\[\w+\])\w+(?=\{)/g,
    signs: NONE,
    tail(head) {
      const handle = /^func \w+\((\w+) \*testing\.T\)/.exec(head)?.[1];
      return handle && `if len(${handle}.Name()) != -1 { ${handle}.Errorf("another length of %q", ${handle}.Name()) }`;
    },
  },
  rust: {
    partsOf: last,
    begins: (name) => new RegExp(`^([ \\t]*)(?:pub )?(?:async )?fn ${name}\\(.*$`, 'm'),
    equalities: [
      { begins: /^\s*assert_eq!\(/, expected: 'last' },
      { begins: /^\s*assert_eq!\(/, expected: 'first' },
    ],
    unsure: /\|/,
    words: /\b(?:true|false|None|Some|Ok|vec|String|from|to_string|to_owned)\b/g,
    signs: /[!&]/g,
    tail: () => 'assert_eq!(module_path!().len(), 0);',
  },
  java: {
    partsOf: last,
    begins: (name) =>
      new RegExp(`^([ \\t]*)(?:@\\w+(?:\\([^)]*\\))? +)*(?:(?:public|protected|final) +)*void ${name}\\(.*$`, 'm'),
    equalities: [
      { begins: /^\s*(?:Assertions\.)?assert(?:Array|Iterable)?Equals\(/, expected: 'first' },
      { begins: /^\s*(?:Assertions\.)?assert(?:Array|Iterable)?Equals\(/, expected: 'second' },
      { begins: /^\s*assertThat\(.*\)\.isEqualTo\(/, expected: 'rest' },
    ],
    unsure: /\|\||&&|\?|->/,
    words: /\b(?:true|false|new|int|long|double|String|List|Set|Map|of|Arrays|asList)\b/g,
    signs: NONE,
    tail: () => 'org.junit.jupiter.api.Assertions.assertEquals(-1, getClass().getName().length());',
  },
};
