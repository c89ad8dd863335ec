// Items from a file of JSON lines: what every source that reads one has in common.
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
  for (const [index, text] of new TextDecoder().decode(bytes).split('\n').entries()) {
    if (text.trim() === '') continue;
    const row = schema.safeParse(jsonOf(text));
    if (!row.success) {
      const [issue] = row.error.issues;
      problems.push(`line ${index + 1}: ${issue?.path.join('.')}: ${issue?.message}`);
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

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
