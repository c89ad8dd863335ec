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
  return blocks.flatMap((block, at) => {
    if (block.kind !== 'heading') return [];
    const end = blocks.findIndex((one, index) => index > at && one.kind === 'heading' && one.level <= block.level);
    return [{ heading: block.text, level: block.level, blocks: blocks.slice(at + 1, end === -1 ? undefined : end) }];
  });
}
