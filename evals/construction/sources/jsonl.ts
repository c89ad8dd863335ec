// Items from a file of JSON lines: what every source that reads one has in common.
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import type { Page, RawItem } from '../source.ts';

export interface Lines<Row> {
  /** For the source's description: the same content elsewhere gives the same tasks. */
  readonly sha256: string;
  readonly rows: ReadonlyMap<string, Row>;
  draw(cursor: Page['next']): Promise<Page>;
}

const A_PAGE = 100;
/** Problems that a message names. */
const TOLD = 5;

/** @throws AnnealError `tasks.source_failed` that names the lines that are wrong, all at once */
export function readLines<Row>(bytes: Uint8Array, schema: z.ZodType<Row>, keyOf: (row: Row) => string): Lines<Row> {
  const rows = new Map<string, Row>();
  const problems: string[] = [];
  const items: RawItem[] = [];
  for (const [index, text] of textOf(bytes).split('\n').entries()) {
    if (text.trim() === '') continue;
    const json = jsonOf(text);
    const row = schema.safeParse(json);
    if (!row.success) {
      const [issue] = row.error.issues;
      const where = issue?.path.join('.') ?? '';
      const why = json === undefined ? 'is no JSON' : `${where === '' ? '' : `${where}: `}${issue?.message}`;
      problems.push(`line ${index + 1}: ${why}`);
      continue;
    }
    const key = keyOf(row.data);
    if (rows.has(key)) problems.push(`line ${index + 1}: ${key} stands there twice`);
    rows.set(key, row.data);
    items.push({ key, content: JSON.parse(text) });
  }
  if (problems.length > 0) {
    const more = problems.length > TOLD ? `; and ${problems.length - TOLD} more` : '';
    throw new AnnealError('tasks.source_failed', `the source's file has ${problems.slice(0, TOLD).join('; ')}${more}`);
  }
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    rows,
    async draw(cursor) {
      const from = Number(cursor ?? 0);
      const next = from + A_PAGE;
      return { items: items.slice(from, next), next: next < items.length ? next : null };
    },
  };
}

/** @throws AnnealError `tasks.source_failed` with the line of the first byte that is none of a text */
function textOf(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [line, from] = [1, 0];
  for (let end = lines.indexOf(10); end !== -1 && isUtf8(lines.subarray(from, end)); end = lines.indexOf(10, from))
    [line, from] = [line + 1, end + 1];
  throw new AnnealError('tasks.source_failed', `the source's file is not UTF-8: line ${line} is not`, {
    problems: [
      {
        ...{ code: 'spec.wrong_type', path: 'source.file', expected: 'JSON lines in UTF-8' },
        ...{ got: `other bytes in line ${line}`, hint: 'Save it as UTF-8, one JSON object a line.' },
      },
    ],
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
