// Problems that ask for a function. None has few enough answers that one of them could be right by luck on all secret inputs.
import type { FunctionProblem } from './problems.ts';

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
    name: 'nesting',
    entry: 'nesting',
    says: 'how deep the brackets `()[]` of a text are nested at most, or -1 where they are not balanced and rightly nested',
    python:
      "def nesting(text):\n    stack, deepest = [], 0\n    for char in text:\n        if char in '([':\n            stack.append(char)\n            deepest = max(deepest, len(stack))\n        elif not stack or stack.pop() + char not in ('()', '[]'):\n            return -1\n    return -1 if stack else deepest\n",
    javascript:
      "function nesting(text) {\n  const stack = [];\n  let deepest = 0;\n  for (const char of text) {\n    if ('(['.includes(char)) deepest = Math.max(deepest, stack.push(char));\n    else if (!['()', '[]'].includes(stack.pop() + char)) return -1;\n  }\n  return stack.length === 0 ? deepest : -1;\n}\n",
    draw: "[''.join(random.choice(['([])', '[()[()]]()', '[[([])]]', '(]', '()', '[[[]]]']) for _ in range(random.randrange(1, 4)))]",
    cases: [
      { args: ['([])'], expected: 2 },
      { args: ['([)]'], expected: -1 },
      { args: [''], expected: 0 },
      { args: ['(([[()]]))'], expected: 5 },
    ],
  },
  {
    name: 'smallest-factor',
    entry: 'smallest_factor',
    says: 'the smallest divisor above one of a whole number above one',
    python:
      'def smallest_factor(n):\n    d = 2\n    while d * d <= n:\n        if n % d == 0:\n            return d\n        d += 1\n    return n\n',
    javascript:
      'function smallest_factor(n) {\n  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) return d;\n  return n;\n}\n',
    draw: '[random.randrange(2, 5000)]',
    cases: [
      { args: [2], expected: 2 },
      { args: [97], expected: 97 },
      { args: [49], expected: 7 },
    ],
  },
  {
    name: 'caesar',
    entry: 'caesar',
    says: 'a text of lower-case letters with each letter moved on by k places in the alphabet, from z on to a',
    python: "def caesar(text, k):\n    return ''.join(chr((ord(char) - 97 + k) % 26 + 97) for char in text)\n",
    javascript:
      "function caesar(text, k) {\n  return [...text].map((c) => String.fromCharCode(((c.charCodeAt(0) - 97 + k) % 26) + 97)).join('');\n}\n",
    draw: "[''.join(random.choice('abcdefghijklmnopqrstuvwxyz') for _ in range(random.randrange(3, 12))), random.randrange(26)]",
    cases: [
      { args: ['abc', 1], expected: 'bcd' },
      { args: ['xyz', 3], expected: 'abc' },
      { args: ['same', 0], expected: 'same' },
    ],
  },
  {
    name: 'flattened',
    entry: 'flattened',
    says: 'the elements of a list of lists in one list, in their order',
    python: 'def flattened(rows):\n    return [item for row in rows for item in row]\n',
    javascript: 'const flattened = (rows) => rows.flat();\n',
    draw: '[[[random.randrange(50) for _ in range(random.randrange(4))] for _ in range(random.randrange(2, 6))]]',
    cases: [
      { args: [[[1, 2], [3]]], expected: [1, 2, 3] },
      { args: [[[], [], []]], expected: [] },
      { args: [[[7], [], [8, 9]]], expected: [7, 8, 9] },
    ],
  },
  {
    name: 'in-both',
    entry: 'in_both',
    says: 'the numbers that occur in both of two lists, each once, ascending',
    python: 'def in_both(a, b):\n    return sorted(set(a) & set(b))\n',
    javascript:
      'function in_both(a, b) {\n  return [...new Set(a.filter((n) => b.includes(n)))].sort((x, y) => x - y);\n}\n',
    draw: '[[random.randrange(15) for _ in range(9)], [random.randrange(15) for _ in range(9)]]',
    cases: [
      {
        args: [
          [3, 1, 2],
          [2, 3, 4],
        ],
        expected: [2, 3],
      },
      { args: [[1, 1, 1], [1]], expected: [1] },
      {
        args: [
          [10, 9],
          [9, 10, 9],
        ],
        expected: [9, 10],
      },
    ],
  },
  {
    name: 'second-largest',
    entry: 'second_largest',
    says: 'the second largest of the different numbers of a list, which holds at least two of them',
    python: 'def second_largest(items):\n    return sorted(set(items))[-2]\n',
    javascript: 'const second_largest = (items) => [...new Set(items)].sort((a, b) => b - a)[1];\n',
    draw: '[random.sample(range(1000), random.randrange(2, 9))]',
    cases: [
      { args: [[1, 2, 3]], expected: 2 },
      { args: [[5, 5, 4]], expected: 4 },
      { args: [[-1, -2]], expected: -2 },
    ],
  },
];
