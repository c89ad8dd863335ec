// Drawn inputs stay where the task's own lie: honest functions that part outside of it are right on every one.
import { expect, test, vi } from 'vitest';
import { taskId } from '../../../contracts/ids.ts';
import type { TypedValue } from '../../../contracts/task.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { createRandom } from '../../../policies/random.ts';
import { gradeReply } from '../registry.ts';
import { kindsOf } from './observed-values.ts';
import { secretRowCases } from './secret-cases.ts';
import { drawRows } from './secret-rows.ts';

vi.setConfig({ testTimeout: 60_000 });
const sandbox = createBubblewrapSandbox();

type Plain = number | string | readonly Plain[];
const typed = (value: Plain): TypedValue =>
  typeof value === 'number'
    ? { t: 'int', v: String(value) }
    : typeof value === 'string'
      ? { t: 'str', v: value }
      : { t: 'list', v: value.map(typed) };
const plain = (value: TypedValue): Plain =>
  value.t === 'list' ? value.v.map(plain) : value.t === 'int' ? Number(value.v) : (value as { v: string }).v;
const draw = (...inputs: readonly Plain[]): Plain[] =>
  drawRows(
    inputs.map((one) => [typed(one)]),
    { wanted: 40, random: createRandom('a secret') },
  ).map(([value]) => plain(value!));

interface Problem {
  readonly name: string;
  readonly cases: readonly (readonly [Plain, Plain])[];
  readonly gold: string;
  readonly honest: string;
}
const PROBLEMS: readonly Problem[] = [
  {
    name: 'Roman numerals',
    cases: [
      ['III', 3],
      ['IV', 4],
      ['IX', 9],
      ['LVIII', 58],
      ['MCMXCIV', 1994],
    ],
    gold: `def f(s):
    v = dict(I=1,V=5,X=10,L=50,C=100,D=500,M=1000)
    return sum(-v[a] if v.get(b, 0) > v[a] else v[a] for a, b in zip(s, s[1:] + ' '))
`,
    honest: `def f(s):
    for a, b in (('IV','IIII'),('IX','VIIII'),('XL','XXXX'),('XC','LXXXX'),('CD','CCCC'),('CM','DCCCC')):
        s = s.replace(a, b)
    return sum(dict(I=1,V=5,X=10,L=50,C=100,D=500,M=1000)[c] for c in s)
`,
  },
  {
    name: 'initials by capital letters',
    cases: [
      ['Ada Lovelace', 'AL'],
      ['Alan Turing', 'AT'],
      ['Grace Brewster Hopper', 'GBH'],
      ['Edsger Dijkstra', 'ED'],
    ],
    gold: "def f(name):\n    return ''.join(w[0] for w in name.split())\n",
    honest: "import re\ndef f(name):\n    return ''.join(re.findall('[A-Z]', name))\n",
  },
  {
    name: 'degrees, by columns',
    cases: [
      [
        [
          [0, 1],
          [1, 0],
        ],
        [1, 1],
      ],
      [
        [
          [0, 1, 1],
          [1, 0, 0],
          [1, 0, 0],
        ],
        [2, 1, 1],
      ],
      [
        [
          [0, 0],
          [0, 0],
        ],
        [0, 0],
      ],
    ],
    gold: 'def f(m):\n    return [sum(row) for row in m]\n',
    honest: 'def f(m):\n    return [sum(column) for column in zip(*m)]\n',
  },
];

test.each(PROBLEMS)(
  '$name: an honest function is right, whatever the secret',
  async ({ name, cases, gold, honest }) => {
    const task = {
      id: taskId.parse(`own.${name.replaceAll(/[^a-z]/gi, '-')}#plain`),
      ...{ family: 'own.f', phrasing: 'plain', instruction: name, gold },
      entrypoint: { name: 'f', parameters: ['a'] },
      verifier: { name: 'python-function' as const, version: 3 },
      cases: cases.map(([arg, expected]) => ({ args: [typed(arg)], expected: typed(expected) })),
    };
    for (const secret of ['a', 'b', 'c', 'd']) {
      const weights = { correctness: 1, partial: 0, format: 0 };
      const graded = await gradeReply({ reply: `\`\`\`python\n${honest}\`\`\``, task, weights, sandbox, secret });
      expect(graded, JSON.stringify(graded).slice(0, 1_000)).toMatchObject({ outcome: 'success' });
    }
  },
);

test('what is no text of words is left as it is: numerals, dates, formulas, brackets', () => {
  expect(draw('III', 'IV', 'MCMXCIV')).toEqual([]);
  expect(draw('2024-01-05', '2023-12-31')).toEqual([]);
  expect(draw('2 + 3', '4 * 5 - 1')).toEqual([]);
  expect(draw('( ) ( )', '( ( ) )')).toEqual([]);
  expect(draw(['2', '1', '+'], ['4', '13', '5', '/', '+'])).toEqual([]);
});

test('a text of words is put together from whole ones, the first first and the last last', () => {
  const inputs = ['The grey cat sat down.', 'A small dog ran away quickly.', 'My old horse slept.'];
  const words = inputs.flatMap((one) => one.split(' '));
  const drawn = draw(...inputs) as string[];
  expect(drawn.length).toBeGreaterThanOrEqual(8);
  for (const one of drawn) {
    expect(one).toMatch(/^(?:The|A|My) [a-z ]+\.$/);
    for (const word of one.split(' ')) expect(words).toContain(word);
  }
});

test.each<[string, readonly Plain[], (value: Plain) => boolean]>([
  ['powers of two', [2, 8, 64, 1024], (one) => Number.isInteger(Math.log2(Number(one)))],
  ['odd', [3, 9, 21, 55, 99], (one) => Number(one) % 2 === 1],
  ['tens', [10, 200, 50, 930], (one) => Number(one) % 10 === 0],
  [
    'one sign or the other',
    [
      [1, -1, 1],
      [-1, -1, 1, 1],
      [1, 1],
    ],
    (one) => (one as number[]).every((v) => v * v === 1),
  ],
  [
    'a permutation',
    [
      [0, 2, 1],
      [3, 1, 0, 2],
      [1, 0],
    ],
    (one) => [...(one as number[])].sort().every((v, at) => v === at),
  ],
  [
    'neighbours',
    [
      [[1], [0]],
      [[1, 2], [0], [0]],
      [[], []],
    ],
    (one) => (one as number[][]).every((row, at) => row.every((to) => (one as number[][])[to]?.includes(at))),
  ],
])('%s: promised by every input, kept by every drawn one', (_, inputs, kept) => {
  for (const one of draw(...inputs)) expect(kept(one), JSON.stringify(one)).toBe(true);
});

test('an answer of a kind that no case expects says that its input is out of place', async () => {
  const gold = 'def f(a):\n    return a if a < 40 else -1\n';
  const cases = [1, 20, 39, 90].map((a) => ({ args: [typed(a)], expected: typed(a < 40 ? a : a) }));
  const of = { task: { id: 'own.f', gold, cases, entrypoint: { name: 'f' } }, sandbox, secret: 'a' };
  const drawn = await secretRowCases(of);
  expect(drawn.length).toBeGreaterThan(0);
  for (const { expected } of drawn) expect(Number(plain(expected))).toBeGreaterThan(0);
  expect(kindsOf(typed([]))).not.toEqual(kindsOf(typed([1])));
});
