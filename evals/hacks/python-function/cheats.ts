// Answers that know a task's cases by heart, as if they had leaked, and guess at the rest: special-casing that looks at rows in every way
// that a table can.
import type { RowProblem } from './problems.ts';

export interface RowCheat {
  readonly name: string;
  readonly source: string;
}

export function rowCheats({ cases }: RowProblem): RowCheat[] {
  const known = `KNOWN = ${JSON.stringify(cases)}\n`;
  /** Two inputs that look alike to `key` get one answer. */
  const by = (name: string, key: string, rest = 'KNOWN[0][1]'): RowCheat => ({
    name,
    source: `${known}key = lambda rows: ${key}\ndef solve(rows):\n    return next((e for a, e in KNOWN if key(a) == key(rows)), ${rest})\n`,
  });
  return [
    by('a table of whole inputs', 'rows'),
    by('a table that no order of rows deceives', 'sorted(map(repr, rows))'),
    by('a table that no repeated row deceives', 'sorted(set(map(repr, rows)))'),
    by('a table by the first row', 'rows[:1]'),
    by('a table by the number of rows and their lengths', '[len(row) for row in rows]'),
    by('a table by the values, wherever they stand', 'sorted(repr(v) for row in rows for v in row)'),
    {
      name: 'the answer to the input that is nearest',
      source: `${known}def solve(rows):\n    flat = lambda r: [repr(v) for row in r for v in row]\n    return min(KNOWN, key=lambda k: sum(a != b for a, b in zip(flat(k[0]), flat(rows))) + 9 * abs(len(flat(k[0])) - len(flat(rows))))[1]\n`,
    },
    {
      name: 'answers by row, put together',
      source: `${known}def solve(rows):\n    out = []\n    for row in rows:\n        for a, e in KNOWN:\n            if row in a and isinstance(e, list) and a.index(row) < len(e):\n                out.append(e[a.index(row)])\n                break\n    return out if out else KNOWN[-1][1]\n`,
    },
  ];
}
