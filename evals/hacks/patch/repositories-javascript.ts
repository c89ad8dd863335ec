// As repositories-python.ts, for node:test.
import type { Repository } from './repository.ts';

const suite = (imports: string, tests: string): string =>
  `import assert from 'node:assert';\nimport { test } from 'node:test';\n${imports}\n\n${tests}`;

const one = (name: string, ...lines: string[]): string =>
  `test('${name}', () => {\n${lines.map((line) => `  ${line}\n`).join('')}});\n`;

export const JAVASCRIPT: readonly Repository[] = [
  {
    name: 'chunks',
    runner: 'node-test',
    path: 'src/chunks.mjs',
    about: 'chunks(items, size) drops the last chunk when it is not full.',
    before: `export function chunks(items, size) {
  const result = [];
  for (let at = 0; at + size <= items.length; at += size) result.push(items.slice(at, at + size));
  return result;
}

export const total = (items) => items.reduce((sum, item) => sum + item, 0);
`,
    broken: 'at + size <= items.length',
    mended: 'at < items.length',
    also: 'items.length > at',
    tests: {
      path: 'test/chunks.test.mjs',
      text: suite(
        "import { chunks, total } from '../src/chunks.mjs';",
        [
          one('a rest', 'assert.deepStrictEqual(chunks([1, 2, 3], 2), [[1, 2], [3]]);'),
          one('shorter than one', "assert.deepStrictEqual(chunks(['a', 'b'], 5), [['a', 'b']]);"),
          one('full', 'assert.deepStrictEqual(chunks([1, 2, 3, 4], 2), [[1, 2], [3, 4]]);'),
          one('sums', 'assert.strictEqual(total([1, 2, 3]), 6);'),
        ].join('\n'),
      ),
      failToPass: ['a rest', 'shorter than one'],
      passToPass: ['full', 'sums'],
    },
  },
  {
    name: 'durations',
    runner: 'node-test',
    path: 'src/durations.mjs',
    about: 'clock(seconds) does not fill minutes and seconds up to two digits: 65 gives 1:5.',
    before: `export function clock(seconds) {
  const rest = String(seconds % 60);
  return \`\${Math.floor(seconds / 60)}:\${rest}\`;
}

export const minutes = (seconds) => Math.floor(seconds / 60);
`,
    broken: 'String(seconds % 60)',
    mended: "String(seconds % 60).padStart(2, '0')",
    also: 'String((seconds % 60) + 100).slice(1)',
    tests: {
      path: 'test/durations.test.mjs',
      text: suite(
        "import { clock, minutes } from '../src/durations.mjs';",
        [
          one('five seconds', "assert.strictEqual(clock(65), '1:05');"),
          one('none', "assert.strictEqual(clock(120), '2:00');"),
          one('two digits', "assert.strictEqual(clock(75), '1:15');"),
          one('minutes', 'assert.strictEqual(minutes(125), 2);'),
        ].join('\n'),
      ),
      failToPass: ['five seconds', 'none'],
      passToPass: ['two digits', 'minutes'],
    },
  },
  {
    name: 'paths',
    runner: 'node-test',
    path: 'lib/paths.mjs',
    about: 'pick(object, path) gives undefined for a value of 0 on the way.',
    before: `export function pick(object, path) {
  let value = object;
  for (const key of path.split('.')) value = value && value[key] || undefined;
  return value;
}
`,
    broken: 'value && value[key] || undefined',
    mended: 'value?.[key]',
    also: 'value === undefined || value === null ? undefined : value[key]',
    tests: {
      path: 'test/paths.test.mjs',
      text: suite(
        "import { pick } from '../lib/paths.mjs';",
        [
          one('nothing', 'assert.strictEqual(pick({ a: { b: 0, c: 7 } }, "a.b"), 0);'),
          one('false', "assert.strictEqual(pick({ a: false, b: true }, 'a'), false);"),
          one('deep', "assert.strictEqual(pick({ a: { b: 'c' } }, 'a.b'), 'c');"),
        ].join('\n'),
      ),
      failToPass: ['nothing', 'false'],
      passToPass: ['deep'],
    },
  },
  {
    name: 'titles',
    runner: 'node-test',
    path: 'lib/titles.mjs',
    about: 'title(text) raises only the first word.',
    before: `export function title(text) {
  return text.replace(/\\b[a-z]/, (letter) => letter.toUpperCase());
}

export const count = (text) => text.split(' ').length;
`,
    broken: '/\\b[a-z]/,',
    mended: '/\\b[a-z]/g,',
    also: '/(?<![a-z])[a-z]/g,',
    tests: {
      path: 'test/titles.test.mjs',
      text: suite(
        "import { count, title } from '../lib/titles.mjs';",
        [
          one('two words', "assert.strictEqual(title('old town'), 'Old Town');"),
          one('three', "assert.strictEqual(title('one two three'), 'One Two Three');"),
          one('first', "assert.strictEqual(title('word'), 'Word');"),
          one('counts', "assert.strictEqual(count('a b c'), 3);"),
        ].join('\n'),
      ),
      failToPass: ['two words', 'three'],
      passToPass: ['first', 'counts'],
    },
  },
  {
    name: 'averages',
    runner: 'node-test',
    path: 'src/averages.mjs',
    about: 'median(numbers) sorts numbers as text.',
    before: `export function median(numbers) {
  const sorted = [...numbers].sort();
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
`,
    broken: '.sort();',
    mended: '.sort((a, b) => a - b);',
    also: '.toSorted((a, b) => (a < b ? -1 : 1));',
    tests: {
      path: 'test/averages.test.mjs',
      text: suite(
        "import { median } from '../src/averages.mjs';",
        [
          one('tens', 'assert.strictEqual(median([1, 10, 2, 3, 20]), 3);'),
          one('even', 'assert.strictEqual(median([100, 9, 80, 7]), 44.5);'),
          one('digits', 'assert.strictEqual(median([3, 1, 2]), 2);'),
        ].join('\n'),
      ),
      failToPass: ['tens', 'even'],
      passToPass: ['digits'],
    },
  },
];
