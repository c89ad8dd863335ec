// What a document says, whatever it was written in: blocks in reading order. Only what a reader sees is in them.

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string }
  | { readonly kind: 'paragraph' | 'item' | 'quote' | 'code'; readonly text: string }
  | { readonly kind: 'table'; readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] };

/** A document that cannot be read as what it claims to be. */
export interface Unreadable {
  readonly why: string;
}

export const textOfBlock = (block: Block): string =>
  block.kind === 'table' ? [block.columns, ...block.rows].map((row) => row.join(' | ')).join('\n') : block.text;

export const squeezed = (text: string): string => text.normalize('NFC').replaceAll(/\s+/g, ' ').trim();

/** Letters and figures, as one counts words. */
export const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}]+(?:['’.,-][\p{L}\p{N}]+)*/gu) ?? [];

export interface Section {
  readonly heading: string;
  readonly level: number;
  /** Up to the next heading of its level or above, those below included. */
  readonly blocks: readonly Block[];
}

export function sectionsOf(blocks: readonly Block[]): Section[] {
  const sections: Section[] = [];
  // Where the next heading of each level or one above stands, looked for from the end: once, however many headings there are.
  const next = Array.from({ length: 7 }, () => blocks.length);
  for (let at = blocks.length - 1; at >= 0; at -= 1) {
    const block = blocks[at]!;
    if (block.kind !== 'heading') continue;
    const { level, text } = block;
    const depth = Math.min(Math.max(Math.trunc(level), 0), 6);
    sections.push({ heading: text, level, blocks: blocks.slice(at + 1, next[depth]) });
    next.fill(at, depth);
  }
  return sections.reverse();
}
