// Heads as lines of JSON: what a file, an answer and the commits of a branch have in common.
import { type AuditHead, auditHead } from '../../../contracts/audit.ts';
import type { KeptHeads } from '../../../contracts/audit-heads.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { jsonOf } from '../names.ts';

/** A hundred thousand heads. */
export const MOST_BYTES = 32 * 2 ** 20;

export function headsIn(text: string): KeptHeads {
  const heads: AuditHead[] = [];
  let strange = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const head = auditHead.safeParse(jsonOf(line));
    if (head.success) heads.push(head.data);
    else strange += 1;
  }
  return { heads, strange };
}

export const unkept = (where: string, why: string, cause?: unknown): AnnealError =>
  new AnnealError('audit.unkept', `${where}: ${why}`, { cause });

export const tooMuch = (where: string): AnnealError => unkept(where, `more than ${MOST_BYTES >> 20} MiB lie there`);
