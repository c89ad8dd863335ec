// Where a quote stands in a document, white space aside.

export interface SearchableDocument {
  /** Words with one blank between them. */
  readonly text: string;
  /** The line, from 1, of the word that an offset of `text` lies in. */
  lineAt(offset: number): number;
}

export function searchable(document: string): SearchableDocument {
  const offsets: number[] = [];
  const lines: number[] = [];
  let text = '';
  for (const [index, line] of document.normalize('NFC').split('\n').entries()) {
    for (const word of line.split(/\s+/)) {
      if (word === '') continue;
      if (text !== '') text += ' ';
      offsets.push(text.length);
      lines.push(index + 1);
      text += word;
    }
  }
  return {
    text,
    lineAt(offset) {
      const after = offsets.findIndex((start) => start > offset);
      return lines[after === -1 ? lines.length - 1 : after - 1] ?? 1;
    },
  };
}

export const squeezed = (text: string): string => text.normalize('NFC').replace(/\s+/g, ' ').trim();

/** The lines on which the quote begins; none where it does not stand in the document. */
export function linesOf(quote: string, document: SearchableDocument): number[] {
  const wanted = squeezed(quote);
  const lines: number[] = [];
  if (wanted === '') return lines;
  for (let at = document.text.indexOf(wanted); at !== -1; at = document.text.indexOf(wanted, at + 1)) {
    lines.push(document.lineAt(at));
    // A quote of one letter stands everywhere; some places are enough.
    if (lines.length === 100) break;
  }
  return lines;
}
