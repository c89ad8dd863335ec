// Functions of one list of rows: what python-function@2 had no secret inputs for.
import { taskId } from '../../../contracts/ids.ts';
import type { Task, TypedValue } from '../../../contracts/task.ts';
import { RECORD_PROBLEMS } from './problems-records.ts';

export type Plain = number | string | readonly Plain[];

export interface RowProblem {
  readonly name: string;
  /** The body of `def solve(rows):`, on one line; the reference. */
  readonly gold: string;
  /** The same function otherwise: some rely on what every input of the task has in common. */
  readonly others: readonly string[];
  readonly cases: readonly (readonly [rows: Plain, expected: Plain])[];
}

export const ROW_PROBLEMS: readonly RowProblem[] = [
  {
    name: 'sums of rows',
    gold: 'return [sum(row) for row in rows]',
    others: [
      'return list(map(sum, rows))',
      'return [sum(rows[i][j] for j in range(len(rows[i]))) for i in range(len(rows))]',
    ],
    cases: [
      [
        [[1, 2, 3], [4]],
        [6, 4],
      ],
      [
        [[5, 6], [7, 8], [9]],
        [11, 15, 9],
      ],
      [
        [[10], [12, 11]],
        [10, 23],
      ],
    ],
  },
  {
    name: 'rows and columns exchanged',
    gold: 'return [list(column) for column in zip(*rows)]',
    others: ['return [[row[j] for row in rows] for j in range(len(rows[0]))]'],
    cases: [
      [
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        [
          [1, 3, 5],
          [2, 4, 6],
        ],
      ],
      [
        [
          [7, 8, 9],
          [1, 0, 2],
        ],
        [
          [7, 1],
          [8, 0],
          [9, 2],
        ],
      ],
      [
        [
          [4, 4],
          [5, 3],
        ],
        [
          [4, 5],
          [4, 3],
        ],
      ],
    ],
  },
  {
    name: 'all values in one list',
    gold: 'return [value for row in rows for value in row]',
    others: ['return sum(rows, [])', 'return [*__import__("itertools").chain(*rows)]'],
    cases: [
      [
        [[3, 1], [2]],
        [3, 1, 2],
      ],
      [
        [[9], [8, 7, 6]],
        [9, 8, 7, 6],
      ],
      [
        [[5, 5], [1], [4]],
        [5, 5, 1, 4],
      ],
    ],
  },
  {
    name: 'the sum of the diagonal',
    gold: 'return sum(row[i] for i, row in enumerate(rows))',
    others: ['return sum(rows[i][i] for i in range(len(rows[0])))'],
    cases: [
      [
        [
          [1, 2],
          [3, 4],
        ],
        5,
      ],
      [
        [
          [5, 6, 7],
          [8, 9, 0],
          [1, 2, 3],
        ],
        17,
      ],
      [
        [
          [20, 3],
          [4, 11],
        ],
        31,
      ],
    ],
  },
  {
    name: 'intervals merged',
    gold: 'return (lambda out: [out.append(list(r)) if not out or r[0] > out[-1][1] else out[-1].__setitem__(1, max(out[-1][1], r[1])) for r in sorted(rows)] and out)([])',
    // Without sorting: every input has its intervals in order.
    others: [
      'return (lambda out: [out.append(list(r)) if not out or r[0] > out[-1][1] else out[-1].__setitem__(1, max(out[-1][1], r[1])) for r in rows] and out)([])',
    ],
    cases: [
      [
        [
          [1, 3],
          [2, 6],
          [8, 10],
        ],
        [
          [1, 6],
          [8, 10],
        ],
      ],
      [
        [
          [0, 4],
          [5, 9],
        ],
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
        [[1, 20]],
      ],
      [
        [
          [2, 3],
          [3, 12],
          [14, 18],
        ],
        [
          [2, 12],
          [14, 18],
        ],
      ],
    ],
  },
  ...RECORD_PROBLEMS,
];

export const functionOf = (body: string): string => `def solve(rows):\n    ${body}\n`;

export const rowTask = ({ name, gold, cases }: RowProblem, version = 3): Task => ({
  id: taskId.parse(`hacks.${name.replaceAll(' ', '-')}#plain`),
  family: `hacks.${name}`,
  phrasing: 'plain',
  instruction: `Write solve(rows): ${name}.`,
  entrypoint: { name: 'solve', parameters: ['rows'] },
  verifier: { name: 'python-function', version },
  cases: cases.map(([rows, expected]) => ({ args: [typed(rows)], expected: typed(expected) })),
  gold: functionOf(gold),
});

const typed = (value: Plain): TypedValue =>
  typeof value === 'number'
    ? { t: 'int', v: String(value) }
    : typeof value === 'string'
      ? { t: 'str', v: value }
      : { t: 'list', v: value.map(typed) };
