import { expect, test } from 'vitest';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { taskId } from '../../../contracts/ids.ts';
import type { Sandbox } from '../../../contracts/ports.ts';
import type { Task, TypedValue } from '../../../contracts/task.ts';
import { createRandom } from '../../../policies/random.ts';
import { gradeReply } from '../registry.ts';
import { type Input, isSequence } from './observed.ts';
import { secretRowCases } from './secret-cases.ts';
import { drawRows } from './secret-rows.ts';

type Plain = number | string | boolean | readonly Plain[];
const typed = (value: Plain): TypedValue =>
  typeof value === 'number'
    ? { t: 'int', v: String(value) }
    : typeof value === 'string'
      ? { t: 'str', v: value }
      : typeof value === 'boolean'
        ? { t: 'bool', v: value }
        : { t: 'list', v: value.map(typed) };
const plain = (value: TypedValue): Plain =>
  isSequence(value) ? value.v.map(plain) : value.t === 'int' ? Number(value.v) : ((value as { v: string }).v as Plain);
const inputsOf = (...all: readonly (readonly Plain[])[]): Input[] => all.map((args) => args.map(typed));
const draw = (inputs: readonly Input[], seed = 'a secret', wanted = 40): Plain[][] =>
  drawRows(inputs, { wanted, random: createRandom(seed) }).map((args) => args.map(plain));

const RAGGED = inputsOf([[[1, 2, 3], [4]]], [[[5, 6], [7, 8], [9]]], [[[10], [12, 11]]]);

test('rows move, go, come twice and change inside, within what was seen, and never as they were', () => {
  const drawn = draw(RAGGED);
  expect(drawn).toHaveLength(40);
  const own = new Set(RAGGED.map((args) => canonicalJson(args.map(plain))));
  const rows = new Set(RAGGED.flatMap(([value]) => (plain(value!) as Plain[]).map((row) => canonicalJson(row))));
  let moved = 0;
  for (const [value] of drawn as Plain[][][][]) {
    expect(own).not.toContain(canonicalJson([value!]));
    expect(value!.length).toBeGreaterThanOrEqual(2);
    expect(value!.length).toBeLessThanOrEqual(3);
    for (const leaf of value!.flat()) expect(Number(leaf) >= 1 && Number(leaf) <= 12).toBe(true);
    moved += value!.every((row) => rows.has(canonicalJson(row))) ? 1 : 0;
  }
  // Both kinds: whole rows in another order or number, and rows that nobody has seen.
  expect(moved).toBeGreaterThan(2);
  expect(moved).toBeLessThan(38);
});

test('the same secret draws the same, another one others', () => {
  expect(draw(RAGGED)).toEqual(draw(RAGGED));
  expect(draw(RAGGED)).not.toEqual(draw(RAGGED, 'another'));
});

const rows = (value: Plain): Plain[][] => value as Plain[][];
const rising = (row: readonly Plain[]): boolean =>
  row.every((item, at) => at === 0 || Number(row[at - 1]) <= Number(item));
test.each<[string, Input[], (args: readonly Plain[]) => boolean]>([
  [
    'rows of one length',
    inputsOf(
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [
        [
          [5, 6, 7],
          [8, 9, 0],
        ],
      ],
      [
        [
          [1, 1],
          [2, 2],
          [9, 9],
        ],
      ],
    ),
    ([value]) => rows(value!).every((row) => row.length === rows(value!)[0]!.length),
  ],
  [
    'a square',
    inputsOf(
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [
        [
          [5, 6, 7],
          [8, 9, 0],
          [1, 2, 3],
        ],
      ],
    ),
    ([value]) => rows(value!).every((row) => row.length === rows(value!).length),
  ],
  [
    'intervals in order, each from its start to its end',
    inputsOf(
      [
        [
          [1, 3],
          [2, 6],
          [8, 10],
        ],
      ],
      [
        [
          [0, 4],
          [5, 9],
        ],
      ],
      [
        [
          [1, 20],
          [4, 5],
          [6, 7],
          [9, 15],
        ],
      ],
    ),
    ([value]) => rows(value!).every(rising) && rising(rows(value!).map(([start]) => start!)),
  ],
  [
    'rows without a value twice',
    inputsOf(
      [
        [
          [3, 1, 2],
          [2, 9],
        ],
      ],
      [
        [
          [7, 8],
          [5, 4],
        ],
      ],
    ),
    ([value]) => rows(value!).every((row) => new Set(row).size === row.length),
  ],
  [
    'records of a name and a number',
    inputsOf(
      [
        [
          ['tea', 2],
          ['milk', 1],
        ],
      ],
      [[['rice', 9]]],
      [
        [
          ['tea', 4],
          ['oil', 3],
          ['salt', 7],
        ],
      ],
    ),
    ([value]) => rows(value!).every(([name, count]) => typeof name === 'string' && typeof count === 'number'),
  ],
  [
    'two lists of one length',
    inputsOf(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [
        [7, 8],
        [9, 1],
      ],
      [
        [3, 3, 3, 3],
        [2, 1, 2, 1],
      ],
    ),
    ([one, other]) => rows(one!).length === rows(other!).length,
  ],
  [
    'an index inside a list',
    inputsOf([[4, 5, 6], 2], [[7, 8], 0], [[1, 9, 9, 3], 3]),
    ([list, at]) => Number(at) < rows(list!).length,
  ],
  [
    'something of the list',
    inputsOf([[4, 5, 6], 5], [[7, 8], 7], [[1, 9, 9], 9]),
    ([list, item]) => rows(list!).flat().includes(item!),
  ],
  ['a number below another', inputsOf([1, 5], [2, 9], [0, 30]), ([low, high]) => Number(low) < Number(high)],
  [
    'a part of a text',
    inputsOf(
      ['the old harbour wall', 'old'],
      ['a red harbour boat', 'boat'],
      ['the grey sea below', 'sea'],
      ['a boat without sail', 'sail'],
    ),
    ([whole, part]) => `${whole}`.includes(`${part}`),
  ],
])('%s: promised by every input, kept by every drawn one', (_, inputs, kept) => {
  const drawn = draw(inputs);
  expect(drawn.length).toBeGreaterThanOrEqual(8);
  for (const args of drawn) expect(kept(args), canonicalJson(args)).toBe(true);
});

test('what leaves nothing to draw is given up; a function without parameters has nothing', () => {
  expect(draw(inputsOf([true], [false]))).toEqual([]);
  expect(draw(inputsOf([[[1]]]))).toEqual([]);
  expect(draw([[]])).toEqual([]);
});

const TASK: Task = {
  id: taskId.parse('own.widths#plain'),
  family: 'own.widths',
  phrasing: 'plain',
  instruction: 'Write widths.',
  entrypoint: { name: 'widths', parameters: ['rows'] },
  verifier: { name: 'python-function', version: 3 },
  cases: RAGGED.map((args) => ({ args: [...args], expected: typed(rows(plain(args[0]!)).map((row) => row.length)) })),
  gold: 'def widths(rows):\n    return [len(row) for row in rows]\n',
};

test('a reference that is stopped each time masks the sample; stopped once, it is asked again', async () => {
  const line = (at: number, how: string) =>
    `{"job":0,"case":${at},"how":"${how}","data":"L{\\"t\\":\\"list\\",\\"v\\":[{\\"t\\":\\"int\\",\\"v\\":\\"1\\"}]}"}\n`;
  let stops = 0;
  const slow: Sandbox = {
    describe: async () => 'slow',
    run: async ({ stdin }) => {
      stops -= 1;
      const cases = (JSON.parse(`${stdin}`) as { jobs: { cases: unknown[] }[] }).jobs[0]!.cases;
      const stdout = `${cases.map((_, at) => line(at, at === 3 && stops >= 0 ? 'stopped' : 'message')).join('')}{"done":true}\n`;
      return { how: 'exited', exitCode: 0, stdout, stderr: '', milliseconds: 1 };
    },
  };
  const of = { task: TASK, sandbox: slow, secret: 'a secret' };
  stops = 2;
  expect(await secretRowCases(of)).toHaveLength(8);
  stops = 99;
  await expect(secretRowCases(of)).rejects.toMatchObject({ code: 'verifier.failed' });
  const weights = { correctness: 1, partial: 0.5, format: 0.2 };
  const graded = await gradeReply({ ...of, reply: `\`\`\`python\n${TASK.gold}\`\`\``, weights });
  expect(graded).toMatchObject({ outcome: 'verifier_failure' });
  expect(graded.reward).toBeUndefined();
});
