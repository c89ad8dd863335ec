// SQL that somebody typed, answered from the tables. It reads those and nothing else.
import { AnnealError } from '../../contracts/errors.ts';
import type { TableFiles } from '../../contracts/table-files.ts';
import { closing } from '../../gateway/pool/tables/closing.ts';
import { openTables } from '../../gateway/pool/tables/open.ts';
import { type Session, screen } from '../session.ts';
import { table } from '../view/table.ts';
import { refuse } from './flags.ts';

const SHOWN = 100;

export interface Asked {
  readonly sql: string | undefined;
  readonly limit: string | undefined;
  readonly signal: AbortSignal;
}

/** With --json a document is written row by row, however many there are. */
export async function answer(session: Session, files: TableFiles, { sql, limit, signal }: Asked): Promise<void> {
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit))
    refuse([{ code: 'cli.usage', path: '--limit', expected: 'a number of rows', got: limit, hint: 'From 1' }]);
  if (sql === undefined || sql.trim() === '')
    throw new AnnealError(
      'cli.usage',
      "the SQL is missing: ./anneal pool query 'SELECT …'; --tables lists the columns",
    );
  const opened = await openTables(files, { signal, confined: true });
  const most = limit === undefined ? (session.json ? Number.POSITIVE_INFINITY : SHOWN) : Number(limit);
  await closing(opened, async ({ duck }) => {
    const rows = duck.objects(sql);
    if (session.json) await writeRows(rows, most);
    else await printRows(rows, most, screen(session).width);
  });
}

type Rows = AsyncGenerator<Readonly<Record<string, unknown>>>;

async function writeRows(rows: Rows, most: number): Promise<void> {
  let written = 0;
  let more = false;
  for await (const row of rows) {
    if (written === most) {
      more = true;
      break;
    }
    process.stdout.write(`${written === 0 ? '{"rows": [\n' : ',\n'}${JSON.stringify(row)}`);
    written += 1;
  }
  process.stdout.write(`${written === 0 ? '{"rows": [' : '\n'}], "more": ${more}}\n`);
}

async function printRows(rows: Rows, most: number, width: number): Promise<void> {
  const held: Readonly<Record<string, unknown>>[] = [];
  let more = false;
  for await (const row of rows) {
    if (held.length === most) {
      more = true;
      break;
    }
    held.push(row);
  }
  const names = Object.keys(held[0] ?? {});
  const lines = table(
    names.map((title) => ({
      title,
      align: held.every((row) => isNumber(row[title])) ? ('right' as const) : ('left' as const),
    })),
    held.map((row) => names.map((name) => cell(row[name]))),
    { width },
  );
  process.stdout.write(held.length === 0 ? 'no rows\n' : `${lines.join('\n')}\n`);
  if (more) process.stdout.write(`… and more (--limit, or --json for all)\n`);
}

const isNumber = (value: unknown): boolean => value === null || /^-?\d+(\.\d+)?$/.test(String(value));
const cell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.replaceAll(/\s+/g, ' ').slice(0, 200);
};
