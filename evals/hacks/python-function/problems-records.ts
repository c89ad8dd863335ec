// Further ones: records, columns and edges.
import type { RowProblem } from './problems.ts';

export const RECORD_PROBLEMS: readonly RowProblem[] = [
  {
    name: 'what was bought in all',
    gold: 'return sum(count for _, count in rows)',
    others: ['return sum(row[1] for row in rows)', 'return sum(map(lambda row: row[-1], rows))'],
    cases: [
      [
        [
          ['tea', 2],
          ['milk', 1],
        ],
        3,
      ],
      [[['rice', 9]], 9],
      [
        [
          ['tea', 4],
          ['oil', 3],
          ['salt', 7],
        ],
        14,
      ],
    ],
  },
  {
    name: 'names by number',
    gold: 'return [name for name, _ in sorted(rows, key=lambda row: (row[1], row[0]))]',
    others: ['return [row[0] for row in sorted(sorted(rows), key=lambda row: row[1])]'],
    cases: [
      [
        [
          ['ann', 30],
          ['bob', 20],
        ],
        ['bob', 'ann'],
      ],
      [
        [
          ['cid', 41],
          ['dee', 18],
          ['eve', 25],
        ],
        ['dee', 'eve', 'cid'],
      ],
      [
        [
          ['fay', 33],
          ['gus', 52],
          ['hal', 19],
        ],
        ['hal', 'fay', 'gus'],
      ],
    ],
  },
  {
    name: 'the longest row',
    gold: 'return max(len(row) for row in rows)',
    others: ['return len(max(rows, key=len))', 'return sorted(map(len, rows))[-1]'],
    cases: [
      [[[1], [2, 3, 4], [5, 6]], 3],
      [[[7, 8, 9, 1, 2], [3]], 5],
      [[[4, 4], [1], [6, 5], [3]], 2],
    ],
  },
  {
    name: 'the largest of each column',
    gold: 'return [max(column) for column in zip(*rows)]',
    others: ['return [max(row[j] for row in rows) for j in range(len(rows[0]))]'],
    cases: [
      [
        [
          [1, 8],
          [5, 2],
        ],
        [5, 8],
      ],
      [
        [
          [3, 9, 4],
          [7, 1, 6],
          [2, 2, 8],
        ],
        [7, 9, 8],
      ],
      [
        [
          [6, 6],
          [9, 0],
          [4, 7],
        ],
        [9, 7],
      ],
    ],
  },
  {
    name: 'how often each node is touched',
    gold: 'return [sum(row.count(node) for row in rows) for node in range(8)]',
    others: ['return [sum((a == node) + (b == node) for a, b in rows) for node in range(8)]'],
    cases: [
      [
        [
          [0, 1],
          [1, 2],
        ],
        [1, 2, 1, 0, 0, 0, 0, 0],
      ],
      [
        [
          [3, 4],
          [4, 7],
          [3, 7],
        ],
        [0, 0, 0, 2, 2, 0, 0, 2],
      ],
      [
        [
          [5, 6],
          [0, 6],
          [2, 6],
          [1, 5],
        ],
        [1, 1, 1, 0, 0, 2, 3, 0],
      ],
    ],
  },
];
