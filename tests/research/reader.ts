// An independent reader of reports: it knows nothing of how passages, searches and checks are made, and reads the files themselves.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Citation } from '../../contracts/research.ts';

/** What is wrong with a citation; undefined: its words stand where it says. */
export function wrongWith(folder: string, { document, from, to, quote }: Citation): string | undefined {
  const lines = readFileSync(join(folder, document), 'utf8').split(/\r?\n/);
  if (from < 1 || to < from || to > lines.length) return `${document} has no lines ${from} to ${to}`;
  const words = (text: string): string =>
    text
      .split(/\s+/)
      .filter((word) => word !== '')
      .join(' ');
  // Tags are no words of a page.
  const text = lines.slice(from - 1, to).join('\n');
  const stands = words(document.endsWith('.html') ? text.replace(/<[^>]*>/g, ' ') : text);
  return stands.includes(words(quote)) ? undefined : `${document}:${from}-${to} does not say: ${quote}`;
}
