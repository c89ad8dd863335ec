// Tables of a workbook: what a formula says by a table's name and its columns (`SUM(Orders[price])`) is written as the plain ranges that it
// means, since the engine knows no tables.
import { nameOf, type Place, placeOf } from './formula.ts';
import { childrenOf, type Element } from './xml.ts';

interface Table {
  /** As a formula writes it. */
  readonly sheet: string;
  readonly from: Place;
  readonly to: Place;
  readonly headers: number;
  readonly totals: number;
  /** In small letters, from left to right. */
  readonly columns: readonly string[];
}

/** Of a sheet. One without bounds, written in for each of a thousand names, would be a bomb. */
const LONGEST_NAME = 31;

/** By name, in small letters. */
export type Tables = ReadonlyMap<string, Table>;

/** Of the sheets at these paths; what names no plain range is no table. */
export function tablesOf(
  sheets: readonly { readonly name: string; readonly path: string }[],
  part: (path: string) => Element | undefined,
): Tables {
  const found = new Map<string, Table>();
  for (const { name, path } of sheets) {
    const links = part(path.replace(/([^/]+)$/, '_rels/$1.rels'));
    for (const { attributes } of links === undefined ? [] : childrenOf(links, 'Relationship')) {
      const table = attributes.Type?.endsWith('/table') ? part(resolved(path, attributes.Target ?? '')) : undefined;
      const [from, to] = (table?.attributes.ref ?? '').split(':').map(placeOf);
      if (table === undefined || from === undefined || to === undefined || name.length > LONGEST_NAME) continue;
      found.set((table.attributes.displayName ?? table.attributes.name ?? '').toLowerCase(), {
        sheet: `'${name.replaceAll("'", "''")}'`,
        ...{ from, to },
        headers: Number(table.attributes.headerRowCount ?? 1),
        totals: Number(table.attributes.totalsRowCount ?? 0),
        columns: childrenOf(table, 'tableColumns', 'tableColumn').map((one) =>
          (one.attributes.name ?? '').toLowerCase(),
        ),
      });
    }
  }
  return found;
}

/** A target as seen from the part that names it. */
function resolved(from: string, target: string): string {
  const path = target.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const step of target.split('/')) {
    if (step === '..') path.pop();
    else if (step !== '' && step !== '.') path.push(step);
  }
  return path.join('/');
}

/** Texts and names of sheets are left alone; then a table's name, with what of the table is meant, if that is said. */
const NAMED =
  /"(?:[^"]|"")*"|'(?:[^']|'')*'|(?<![\w.$!\]])([\p{L}_\\][\p{L}\p{N}_.\\]*)?(\[(?:[^[\]]|\[[^[\]]*\])*\])|(?<![\w.$!\]])([\p{L}_\\][\p{L}\p{N}_.\\]*)(?![\p{L}\p{N}_.\\(!:[])/gu;

/** What names no table, or no column of it, stays as it is, and is an error like any other name that is not known. */
export function withoutTables(formula: string, tables: Tables, at?: Place): string {
  if (tables.size === 0) return formula;
  return formula.replace(NAMED, (all, named, inside, bare) => {
    if (bare !== undefined) return rangeOf(tables.get(bare.toLowerCase()), '', at) ?? all;
    if (inside === undefined) return all;
    // Without a name the table is meant that the cell stands in.
    const table =
      named === undefined ? [...tables.values()].find((one) => isIn(one, at)) : tables.get(named.toLowerCase());
    return rangeOf(table, inside.slice(1, -1).trim(), at) ?? all;
  });
}

const isIn = ({ from, to }: Table, at: Place | undefined): boolean =>
  at !== undefined && at.row >= from.row && at.row <= to.row && at.column >= from.column && at.column <= to.column;

/** Rows that a part in brackets may name; nothing said means those of the data. */
function rowsOf(
  part: string,
  { from, to, headers, totals }: Table,
  at: Place | undefined,
): readonly number[] | undefined {
  const [first, last] = [from.row + headers, to.row - totals];
  if (part === '#all') return [from.row, to.row];
  if (part === '#headers') return headers > 0 ? [from.row, first - 1] : undefined;
  if (part === '#totals') return totals > 0 ? [last + 1, to.row] : undefined;
  if (part === '#this row') return at !== undefined && at.row >= first && at.row <= last ? [at.row, at.row] : undefined;
  return part === '' || part === '#data' ? [first, last] : undefined;
}

function rangeOf(table: Table | undefined, said: string, at: Place | undefined): string | undefined {
  if (table === undefined) return undefined;
  const here = said.startsWith('@');
  const rest = here ? said.slice(1) : said;
  // `price`, `[price]`, `[#All],[price]`, `[price]:[tax]`.
  const parts = (rest.includes('[') ? [...rest.matchAll(/\[([^[\]]*)\]/g)].map(([, part = '']) => part) : [rest])
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '');
  const rows = rowsOf(here ? '#this row' : (parts.find((part) => part.startsWith('#')) ?? ''), table, at);
  const columns = parts.filter((part) => !part.startsWith('#')).map((part) => table.columns.indexOf(part));
  if (rows === undefined || columns.includes(-1) || columns.length > 2) return undefined;
  const [left = 0, right = columns.length === 1 ? left : table.columns.length - 1] = columns;
  const place = (row: number, column: number): string =>
    nameOf({ row, column: table.from.column + column }).replace(/^([A-Z]+)(\d+)$/, '$$$1$$$2');
  const [one, other] = [place(rows[0]!, left), place(rows[1]!, right)];
  return `${table.sheet}!${one === other ? one : `${one}:${other}`}`;
}
