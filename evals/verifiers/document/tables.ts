// A document's tables: that they are there, and that their cells hold what the task's data say. Whatever stands in a table and is not
// compared is a place where anything may stand.
import { AnnealError } from '../../../contracts/errors.ts';
import type { Artifact } from '../artifact.ts';
import { type Block, sectionsOf, wordsOf } from './blocks.ts';
import { decimals, numbersIn, rowsOf, states } from './figures.ts';
import { outside, same } from './same.ts';
import type { TableSpec } from './spec.ts';

type Table = Extract<Block, { kind: 'table' }>;
type Data = NonNullable<TableSpec['data']>;

const tablesIn = (blocks: readonly Block[]): Table[] =>
  blocks.flatMap((block) => (block.kind === 'table' ? [block] : []));
const has = ({ columns }: Table, name: string): boolean => columns.some((column) => same(column, name));
const cellOf = ({ columns }: Table, row: readonly string[], name: string): string =>
  row[columns.findIndex((column) => same(column, name))]?.trim() ?? '';

export function tableProblem(spec: TableSpec, blocks: readonly Block[]): string | undefined {
  const where = placeOf(spec, blocks);
  if (where === undefined) return `there is no section “${spec.section}”`;
  const named = `a table with the columns ${spec.columns.join(', ')}`;
  const fitting = tablesIn(where).filter((table) => spec.columns.every((one) => has(table, one)));
  if (fitting.length === 0)
    return `there is no ${named}${spec.section === undefined ? '' : ` under “${spec.section}”`}`;
  const { rows = { min: 1, max: 100_000 } } = spec;
  const why = fitting.map((table) => {
    const filled = table.rows.filter((row) => spec.columns.every((one) => cellOf(table, row, one) !== ''));
    return outside(filled.length, rows, `filled rows in ${named}`);
  });
  return why.includes(undefined) ? undefined : why[0];
}

const placeOf = ({ section }: TableSpec, blocks: readonly Block[]): readonly Block[] | undefined =>
  section === undefined ? blocks : sectionsOf(blocks).find((one) => same(one.heading, section))?.blocks;

/**
 * One table where it has to stand holds every row of the data; and no table of the document, wherever it stands, says something else of
 * one of them: who gives two answers has given none.
 * @param all of the tables that are asked for: one of these may have the same key and other data
 * @throws AnnealError `verifier.failed`: the task's own data do not hold what is asked for
 */
export function rowProblem(
  spec: TableSpec,
  all: readonly TableSpec[],
  blocks: readonly Block[],
  given: Artifact,
): string | undefined {
  const { data } = spec;
  if (data === undefined) return undefined;
  const alike = all.flatMap((one) =>
    one !== spec && one.data !== undefined && same(one.data.key, data.key) ? [one.data] : [],
  );
  for (const table of tablesIn(blocks).filter((one) => has(one, data.key))) {
    const why = contradiction(table, data, given);
    if (why !== undefined && alike.every((other) => contradiction(table, other, given) !== undefined)) return why;
  }
  const source = sourceOf(data, given);
  const fitting = tablesIn(placeOf(spec, blocks) ?? []).filter((table) => spec.columns.every((one) => has(table, one)));
  const disagreeing = fitting.map((table) => contradiction(table, data, given));
  if (!disagreeing.includes(undefined)) return disagreeing[0];
  const missing = fitting.map((table) =>
    [...source.keys()].find(
      (key) =>
        contradiction(table, data, given) !== undefined ||
        !table.rows.some((row) => same(cellOf(table, row, data.key), key)),
    ),
  );
  return missing.includes(undefined) ? undefined : `no row for ${missing[0]} of ${data.file}`;
}

/** Rows of the file by their key. */
function sourceOf({ file, columns, key, where }: Data, given: Artifact): Map<string, Record<string, string>> {
  const rows = rowsOf(file, given, where);
  const source = new Map(rows.map((row) => [row[columns[key]!] ?? '', row]));
  const lacking = Object.values(columns).find((column) => rows.some((row) => row[column] === undefined));
  if (rows.length === 0 || source.size < rows.length || lacking !== undefined)
    throw new AnnealError('verifier.failed', `${file} has no rows that ${columns[key]} tells apart, with all columns`);
  return source;
}

function contradiction(table: Table, data: Data, given: Artifact): string | undefined {
  const { columns, key, places } = data;
  const source = sourceOf(data, given);
  const compared = Object.keys(columns).filter((one) => one !== key && has(table, one));
  const twice = [key, ...compared].find((one) => table.columns.filter((column) => same(column, one)).length > 1);
  if (twice !== undefined) return `a table has the column ${twice} twice`;
  const keys = [...source.keys()];
  const seen = new Set<string>();
  for (const row of table.rows) {
    const named = cellOf(table, row, key);
    const found = keys.find((one) => same(one, named));
    if (found !== undefined && seen.has(found)) return `a table has two rows for ${found}`;
    if (found !== undefined) seen.add(found);
    const cells = compared.map((column) => [column, cellOf(table, row, column)] as const);
    if (found === undefined && cells.every(([, cell]) => cell === '')) continue;
    if (found === undefined && SUMMARY.test(named) && sumsUp(cells, columns, [...source.values()], places)) continue;
    const odd = cells.find(
      ([column, cell]) => found === undefined || !holds(cell, source.get(found)![columns[column]!]!, column, places),
    );
    if (odd === undefined) continue;
    const [column, cell] = odd;
    const where = `${column} of ${named === '' ? 'a row without a name' : named}`;
    return `${where} is given as ${cell === '' ? 'nothing' : cell}, which the data do not say`;
  }
  return undefined;
}

/** What a row calls itself that is none of the data's. */
const SUMMARY = /\b(all|total|totals|sum|overall|together|altogether|season|year|mean|average)\b|^[ΣØ∅]/i;

/** All of its cells the sums of their columns, or all of them the means. */
function sumsUp(
  cells: readonly (readonly [column: string, cell: string])[],
  columns: Data['columns'],
  rows: readonly Record<string, string>[],
  places: number,
): boolean {
  const of = (column: string, by: number): string | undefined => {
    const values = rows.map((row) => row[columns[column]!]!);
    const sum = values.reduce((total, value) => total + (value.trim() === '' ? Number.NaN : Number(value)), 0);
    return Number.isFinite(sum) ? String(sum / by) : undefined;
  };
  return [1, rows.length].some((by) =>
    cells.every(([column, cell]) => {
      const value = of(column, by);
      return value === undefined ? cell === '' : holds(cell, value, column, places);
    }),
  );
}

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** Beside a number, at most a unit: what else stands there (“not 7”, “7 to 9”) makes another statement. */
function holds(cell: string, expected: string, column: string, places: number): boolean {
  const value = Number(expected);
  if (expected.trim() === '' || !Number.isFinite(value)) return same(cell, expected);
  const bare = cell.replaceAll(/\[@[^\]]*\]/g, ' ');
  const [number, ...more] = numbersIn(bare);
  if (number === undefined || more.length > 0) return false;
  const rest = bare.slice(0, number.at) + bare.slice(number.at + number.text.length);
  if (!/^[\s\p{L}\p{Sc}*†]*$/u.test(rest)) return false;
  const units = new Set(wordsOf(column.toLowerCase()).flatMap((word) => [word, word.replace(/s$/, '')]));
  const isUnit = (word: string): boolean => CURRENCIES.has(word) || units.has(word.toLowerCase());
  if (!(rest.match(/\p{L}+/gu) ?? []).every(isUnit)) return false;
  return states(number, value) && number.places >= Math.min(places, decimals(value));
}
