// From tests for tape to the same tests for node:test: other names, and every assertion on one line with its keys in quotes.

const NAMES: Readonly<Record<string, string>> = {
  deepEqual: 'deepStrictEqual',
  same: 'deepStrictEqual',
  equal: 'strictEqual',
};

export interface TestFile {
  /** Up to the first test. */
  readonly head: string;
  readonly tests: readonly { readonly name: string; readonly text: string }[];
}

export function ported(text: string): TestFile {
  const plain = text
    .replace("require('tape')", "require('node:test')")
    .replace("var parse = require('../');", "var assert = require('node:assert');\nvar parse = require('../');")
    .replaceAll(/^\tt\.(end\(\)|plan\(\d+\));.*\n/gm, '')
    .replaceAll(', function (t) {', ', function () {');
  const [head = '', ...tests] = asserted(plain).split(/^(?=test\()/m);
  return {
    head,
    tests: tests.map((one) => ({
      name: /^test\('((?:[^'\\]|\\.)*)'/.exec(one)?.[1] ?? '',
      text: `${one.trimEnd()}\n`,
    })),
  };
}

/** Every `t.equal(…)` and its like. */
function asserted(text: string): string {
  const call = /\bt\.(deepEqual|same|equal)\(/g;
  let out = '';
  let at = 0;
  for (let found = call.exec(text); found !== null; found = call.exec(text)) {
    const { args, end } = argumentsFrom(text, call.lastIndex);
    const [seen = '', expected = ''] = args.map(oneLine);
    out += `${text.slice(at, found.index)}assert.${NAMES[found[1]!]}(${seen}, ${expected})`;
    at = end;
  }
  return out + text.slice(at);
}

/** The arguments of a call that is open at `from`, and where it is closed. */
function argumentsFrom(text: string, from: number): { readonly args: string[]; readonly end: number } {
  const args: string[] = [];
  let depth = 0;
  let start = from;
  for (let at = from; ; at += 1) {
    const char = text[at];
    if (char === undefined) throw new Error('a call is not closed');
    if (char === "'") while (text[++at] !== "'") if (text[at] === '\\') at += 1;
    if ('([{'.includes(char)) depth += 1;
    const closes = char === ')' && depth === 0;
    if ((char === ',' && depth === 0) || closes) {
      args.push(text.slice(start, at).trim());
      start = at + 1;
    }
    if (closes) return { args: args.filter((one) => one !== ''), end: at + 1 };
    if (')]}'.includes(char)) depth -= 1;
  }
}

const oneLine = (text: string): string =>
  text
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll(/,( [\]}])/g, '$1')
    .replaceAll(/([{,] )([A-Za-z_$][\w$]*): /g, "$1'$2': ");
