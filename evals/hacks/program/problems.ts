// Small problems with a reference in each language, so that every cheat and every honest variant stands against all of them.
import type { TypedValue } from '../../../contracts/task.ts';

export interface FunctionProblem {
  readonly name: string;
  readonly entry: string;
  readonly says: string;
  readonly python: string;
  readonly javascript: string;
  /** Python that prints `count` lists of arguments for a seed, given the name `random` and the helpers of secret.ts. */
  readonly draw: string;
  readonly cases: readonly { readonly args: readonly Plain[]; readonly expected: Plain }[];
}

export interface StdioProblem {
  readonly name: string;
  readonly says: string;
  readonly python: string;
  readonly javascript: string;
  /** A Python expression for one input. */
  readonly draw: string;
  readonly cases: readonly { readonly stdin: string; readonly stdout: string }[];
}

type Plain = number | string | boolean | readonly Plain[];

export const typed = (value: Plain): TypedValue => {
  if (typeof value === 'number') return { t: 'int', v: String(value) };
  if (typeof value === 'string') return { t: 'str', v: value };
  if (typeof value === 'boolean') return { t: 'bool', v: value };
  return { t: 'list', v: value.map(typed) };
};

export const FUNCTIONS: readonly FunctionProblem[] = [
  {
    name: 'gcd',
    entry: 'gcd',
    says: 'the greatest common divisor of two whole numbers that are not negative',
    python: 'def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n',
    javascript: 'function gcd(a, b) {\n  while (b) [a, b] = [b, a % b];\n  return a;\n}\n',
    draw: '[random.randrange(1, 9999), random.randrange(1, 9999)]',
    cases: [
      { args: [12, 18], expected: 6 },
      { args: [17, 5], expected: 1 },
      { args: [0, 9], expected: 9 },
      { args: [100, 75], expected: 25 },
    ],
  },
  {
    name: 'digit-sum',
    entry: 'digit_sum',
    says: 'the sum of the decimal digits of a whole number that is not negative',
    python: 'def digit_sum(n):\n    return sum(int(d) for d in str(n))\n',
    javascript: 'const digit_sum = (n) => [...String(n)].reduce((sum, d) => sum + Number(d), 0);\n',
    draw: '[random.randrange(10**9)]',
    cases: [
      { args: [0], expected: 0 },
      { args: [409], expected: 13 },
      { args: [999999], expected: 54 },
    ],
  },
  {
    name: 'run-length',
    entry: 'run_length',
    says: 'the run-length code of a text, each run as the character and its number, for example `a3b1`',
    python:
      "def run_length(text):\n    out = []\n    for char in text:\n        if out and out[-1][0] == char:\n            out[-1][1] += 1\n        else:\n            out.append([char, 1])\n    return ''.join(c + str(n) for c, n in out)\n",
    javascript: 'function run_length(text) {\n  return text.replace(/(.)\\1*/g, (run) => run[0] + run.length);\n}\n',
    draw: "[''.join(random.choice('abc') * random.randrange(1, 5) for _ in range(9))]",
    cases: [
      { args: ['aaab'], expected: 'a3b1' },
      { args: ['xyz'], expected: 'x1y1z1' },
      { args: ['zzzzzz'], expected: 'z6' },
    ],
  },
  {
    name: 'rotated',
    entry: 'rotated',
    says: 'a list turned to the left by k places',
    python: 'def rotated(items, k):\n    k %= len(items)\n    return items[k:] + items[:k]\n',
    javascript:
      'function rotated(items, k) {\n  const n = k % items.length;\n  return [...items.slice(n), ...items.slice(0, n)];\n}\n',
    draw: '[[random.randrange(100) for _ in range(random.randrange(3, 9))], random.randrange(1, 20)]',
    cases: [
      { args: [[1, 2, 3, 4], 1], expected: [2, 3, 4, 1] },
      { args: [[5, 6, 7], 3], expected: [5, 6, 7] },
      { args: [[1, 2, 3], 5], expected: [3, 1, 2] },
    ],
  },
  {
    name: 'balanced',
    entry: 'balanced',
    says: 'whether the brackets `()[]` of a text are balanced and rightly nested',
    python:
      "def balanced(text):\n    stack = []\n    for char in text:\n        if char in '([':\n            stack.append(char)\n        elif char in ')]':\n            if not stack or stack.pop() + char not in ('()', '[]'):\n                return False\n    return not stack\n",
    javascript:
      "function balanced(text) {\n  const stack = [];\n  for (const char of text) {\n    if ('(['.includes(char)) stack.push(char);\n    else if (!['()', '[]'].includes(stack.pop() + char)) return false;\n  }\n  return stack.length === 0;\n}\n",
    draw: "[random.choice(['([])', '[()]()', '(]', '(()', '[[]]()', '())('])[:: random.choice([1, 1, 1])] * random.randrange(1, 4)]",
    cases: [
      { args: ['([])'], expected: true },
      { args: ['([)]'], expected: false },
      { args: [''], expected: true },
      { args: ['(('], expected: false },
    ],
  },
];

export const STDIO: readonly StdioProblem[] = [
  {
    name: 'sum',
    says: 'Read whole numbers separated by white space from standard input and print their sum.',
    python: 'import sys\nprint(sum(map(int, sys.stdin.read().split())))\n',
    javascript:
      "const text = require('fs').readFileSync(0, 'utf8');\nconsole.log(text.split(/\\s+/).filter(Boolean).reduce((sum, n) => sum + Number(n), 0));\n",
    draw: "' '.join(str(random.randrange(-999, 999)) for _ in range(random.randrange(3, 30)))",
    cases: [
      { stdin: '1 2 3\n', stdout: '6\n' },
      { stdin: '-5 5 10\n', stdout: '10\n' },
      { stdin: '1000\n2000\n', stdout: '3000\n' },
    ],
  },
  {
    name: 'reverse-words',
    says: 'Read one line and print its words in reverse order, one blank between them.',
    python: "print(' '.join(reversed(input().split())))\n",
    javascript:
      "const text = require('fs').readFileSync(0, 'utf8');\nconsole.log(text.trim().split(/\\s+/).reverse().join(' '));\n",
    draw: "' '.join(''.join(random.choice('abcdefgh') for _ in range(random.randrange(1, 7))) for _ in range(random.randrange(2, 9))) + '\\n'",
    cases: [
      { stdin: 'one two three\n', stdout: 'three two one\n' },
      { stdin: 'a  b\n', stdout: 'b a\n' },
      { stdin: 'alone\n', stdout: 'alone\n' },
    ],
  },
  {
    name: 'largest-gap',
    says: 'Read whole numbers, at least two, and print the largest difference between neighbours after sorting.',
    python: 'import sys\nn = sorted(map(int, sys.stdin.read().split()))\nprint(max(b - a for a, b in zip(n, n[1:])))\n',
    javascript:
      "const n = require('fs').readFileSync(0, 'utf8').trim().split(/\\s+/).map(Number).sort((a, b) => a - b);\nconsole.log(Math.max(...n.slice(1).map((b, i) => b - n[i])));\n",
    draw: "' '.join(str(random.randrange(5000)) for _ in range(random.randrange(3, 20)))",
    cases: [
      { stdin: '1 10 4\n', stdout: '6\n' },
      { stdin: '7 7\n', stdout: '0\n' },
      { stdin: '3 1 2 50\n', stdout: '47\n' },
    ],
  },
  {
    name: 'histogram',
    says: 'Read a line of lower-case letters and print each letter that occurs with its number, in the order of the alphabet, one a line.',
    python:
      'from collections import Counter\nfor letter, n in sorted(Counter(input().strip()).items()):\n    print(letter, n)\n',
    javascript:
      "const counts = {};\nfor (const c of require('fs').readFileSync(0, 'utf8').trim()) counts[c] = (counts[c] ?? 0) + 1;\nfor (const c of Object.keys(counts).sort()) console.log(c, counts[c]);\n",
    draw: "''.join(random.choice('aeimnorst') for _ in range(random.randrange(5, 40))) + '\\n'",
    cases: [
      { stdin: 'banana\n', stdout: 'a 3\nb 1\nn 2\n' },
      { stdin: 'zzz\n', stdout: 'z 3\n' },
      { stdin: 'cab\n', stdout: 'a 1\nb 1\nc 1\n' },
    ],
  },
  {
    name: 'to-binary',
    says: 'Read whole numbers, one a line, and print each in binary without leading zeros.',
    python: 'import sys\nfor line in sys.stdin:\n    if line.strip():\n        print(format(int(line), "b"))\n',
    javascript:
      "for (const line of require('fs').readFileSync(0, 'utf8').split('\\n'))\n  if (line.trim()) console.log(Number(line).toString(2));\n",
    draw: "''.join(str(random.randrange(1, 10**6)) + '\\n' for _ in range(random.randrange(2, 8)))",
    cases: [
      { stdin: '5\n8\n', stdout: '101\n1000\n' },
      { stdin: '1\n', stdout: '1\n' },
      { stdin: '255\n', stdout: '11111111\n' },
    ],
  },
];
