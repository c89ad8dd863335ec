// Documents as agents and people see them: lines with their numbers, without what hides. Of HTML the words, each on the line on which it stands.
import type { Corpus, DocumentForm } from '../../contracts/research.ts';
import { type Lines, openSearch, type Passage, type Search } from '../../policies/passages.ts';
import { visible } from '../diagnosis/quarantine/visible.ts';

export interface Library {
  readonly documents: readonly Lines[];
  readonly passages: readonly Passage[];
  readonly search: Search;
}

/** @param read the bytes of each document of the corpus */
export async function openLibrary(
  { documents }: Corpus,
  read: (document: Corpus['documents'][number]) => Promise<Uint8Array>,
): Promise<Library> {
  const all: Lines[] = [];
  for (const one of documents) {
    const text = new TextDecoder('utf-8', { ignoreBOM: false }).decode(await read(one));
    all.push({ path: one.path, lines: linesOf(text, one.form), depth: DEPTHS[one.form] });
  }
  return { documents: all, ...openSearch(all) };
}

/** Numbered as in the file itself. */
export function linesOf(text: string, form: DocumentForm): string[] {
  const shown = form === 'html' ? wordsOfHtml(text) : text;
  return shown.split(/\r\n|\n|\r/).map(visible);
}

const DEPTHS: Readonly<Record<DocumentForm, Lines['depth']>> = {
  markdown(line, next = '') {
    const signs = /^ {0,3}(#{1,6})\s/.exec(line)?.[1]?.length;
    if (signs !== undefined || !/^[\p{L}\p{N}[`*]/u.test(line)) return signs ?? 0;
    return /^=+\s*$/.test(next) ? 1 : /^-{3,}\s*$/.test(next) ? 2 : 0;
  },
  text: () => 0,
  html: () => 0,
};

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', copy: '©', mdash: '—', ndash: '–', hellip: '…' },
};

/** Scripts, styles, comments and tags are taken out; line breaks within them stay, so that lines keep their numbers. */
function wordsOfHtml(text: string): string {
  const breaks = (whole: string): string => whole.replaceAll(/[^\n]/g, '') || ' ';
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(/<!--[\s\S]*?(?:-->|$)/g, breaks)
    .replaceAll(/<(script|style|template|noscript)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, breaks)
    .replaceAll(/<\/?[a-zA-Z][^<>]*>/g, breaks)
    .replaceAll(
      /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi,
      (whole, decimal, hexadecimal, name: string | undefined) => {
        if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
        const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal);
        // A line break written as an entity would move every line after it.
        return code === 10 || code === 13 || code > 0x10ffff ? ' ' : String.fromCodePoint(code);
      },
    );
}
