// Problems that ask for a program from standard input to standard output.
import type { StdioProblem } from './problems.ts';

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
  {
    name: 'extremes',
    says: 'Read whole numbers and print the smallest and the largest of them, with one blank between.',
    python: 'import sys\nn = list(map(int, sys.stdin.read().split()))\nprint(min(n), max(n))\n',
    javascript:
      "const n = require('fs').readFileSync(0, 'utf8').trim().split(/\\s+/).map(Number);\nconsole.log(Math.min(...n), Math.max(...n));\n",
    draw: "' '.join(str(random.randrange(-5000, 5000)) for _ in range(random.randrange(2, 20)))",
    cases: [
      { stdin: '3 1 2\n', stdout: '1 3\n' },
      { stdin: '-4\n-4\n', stdout: '-4 -4\n' },
      { stdin: '100\n', stdout: '100 100\n' },
    ],
  },
  {
    name: 'vowels',
    says: 'Read a line of lower-case letters and blanks and print each vowel that occurs in it, in the order of its first occurrence, without blanks, then the number of all its vowels on a line of its own.',
    python:
      "line = input()\nfound = [c for c in line if c in 'aeiou']\nprint(''.join(dict.fromkeys(found)))\nprint(len(found))\n",
    javascript:
      "const found = [...require('fs').readFileSync(0, 'utf8')].filter((c) => 'aeiou'.includes(c));\nconsole.log([...new Set(found)].join(''));\nconsole.log(found.length);\n",
    draw: "'ae ' + ''.join(random.choice('abcdefghijklmnopqrstuvwxyz ') for _ in range(random.randrange(10, 60))) + '\\n'",
    cases: [
      { stdin: 'one tree\n', stdout: 'oe\n4\n' },
      { stdin: 'a sky\n', stdout: 'a\n1\n' },
      { stdin: 'under the sea\n', stdout: 'uea\n5\n' },
    ],
  },
  {
    name: 'transposed',
    says: 'Read a table of whole numbers, a row a line, blanks between, and print it with rows and columns exchanged.',
    python:
      "import sys\nrows = [line.split() for line in sys.stdin if line.strip()]\nfor column in zip(*rows):\n    print(' '.join(column))\n",
    javascript:
      "const rows = require('fs').readFileSync(0, 'utf8').trim().split('\\n').map((line) => line.trim().split(/\\s+/));\nfor (let i = 0; i < rows[0].length; i += 1) console.log(rows.map((row) => row[i]).join(' '));\n",
    draw: "(lambda w: ''.join(' '.join(str(random.randrange(100)) for _ in range(w)) + '\\n' for _ in range(random.randrange(2, 6))))(random.randrange(2, 6))",
    cases: [
      { stdin: '1 2\n3 4\n', stdout: '1 3\n2 4\n' },
      { stdin: '1 2 3\n', stdout: '1\n2\n3\n' },
      { stdin: '7\n8\n', stdout: '7 8\n' },
    ],
  },
  {
    name: 'fizz',
    says: 'Read a whole number n and print the numbers from 1 to n, one a line, but `fizz` in place of each multiple of three.',
    python: "for i in range(1, int(input()) + 1):\n    print('fizz' if i % 3 == 0 else i)\n",
    javascript:
      "const n = Number(require('fs').readFileSync(0, 'utf8'));\nfor (let i = 1; i <= n; i += 1) console.log(i % 3 === 0 ? 'fizz' : i);\n",
    draw: "str(random.randrange(7, 200)) + '\\n'",
    cases: [
      { stdin: '3\n', stdout: '1\n2\nfizz\n' },
      { stdin: '1\n', stdout: '1\n' },
      { stdin: '6\n', stdout: '1\n2\nfizz\n4\n5\nfizz\n' },
    ],
  },
  {
    name: 'running-total',
    says: 'Read whole numbers and print, one a line, the sum of all up to there.',
    python:
      'import sys\nfrom itertools import accumulate\nfor total in accumulate(map(int, sys.stdin.read().split())):\n    print(total)\n',
    javascript:
      "let total = 0;\nfor (const n of require('fs').readFileSync(0, 'utf8').trim().split(/\\s+/)) console.log((total += Number(n)));\n",
    draw: "' '.join(str(random.randrange(-99, 100)) for _ in range(random.randrange(3, 15)))",
    cases: [
      { stdin: '1 2 3\n', stdout: '1\n3\n6\n' },
      { stdin: '5 -5\n', stdout: '5\n0\n' },
      { stdin: '9\n', stdout: '9\n' },
    ],
  },
];
