// Passages of documents, and which of them a question is about: BM25 over words that are brought to one form. No model has a part in it, and
// the same documents and the same question always give the same passages.

export interface Passage {
  /** By its place among the documents. */
  readonly document: number;
  /** Lines from 1, both included. */
  readonly from: number;
  readonly to: number;
  /** The headings above it, the outermost first, with one that it begins with: they say what it is about. */
  readonly headings: readonly { readonly line: number; readonly text: string }[];
  readonly text: string;
}

export interface Lines {
  readonly path: string;
  readonly lines: readonly string[];
  /** A line's depth as a heading; 0: it is none. */
  readonly depth: (line: string, next: string | undefined) => number;
}

const [MOST_LINES, MOST_CHARACTERS] = [24, 1_600];
/** Of one line: a page in one line is no reason to read all of it. */
const MOST_LINE = 4_000;
/** A blank line ends a passage once it has as much. */
const ENOUGH = 500;

/** Cut at headings, and at blank lines once there is enough; no line is in two passages. */
export function passagesOf({ lines, depth }: Lines, document: number): Passage[] {
  const passages: Passage[] = [];
  let above: { line: number; text: string; depth: number }[] = [];
  let [from, size, fenced] = [0, 0, false];
  const close = (to: number): void => {
    const text = lines.slice(from, to).join('\n');
    if (text.trim() !== '') {
      const headings = above
        .filter(({ line }) => line <= from + 1)
        .map(({ line, text: heading }) => ({ line, text: heading }));
      const first = from + 1 + lines.slice(from, to).findIndex((line) => line.trim() !== '');
      const last = to - [...lines.slice(from, to)].reverse().findIndex((line) => line.trim() !== '');
      passages.push({ document, from: first, to: last, headings, text: lines.slice(first - 1, last).join('\n') });
    }
    [from, size] = [to, 0];
  };
  for (const [index, whole] of lines.entries()) {
    const line = whole.slice(0, MOST_LINE);
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const level = fenced ? 0 : depth(line, lines[index + 1]);
    if (level > 0) {
      close(index);
      above = [...above.filter((one) => one.depth < level), { line: index + 1, text: line.trim(), depth: level }];
    } else if (index > from && (index - from >= MOST_LINES || size + line.length > MOST_CHARACTERS)) close(index);
    else if (line.trim() === '' && size >= ENOUGH) close(index);
    size += line.length;
  }
  close(lines.length);
  return passages;
}

const COMMON = new Set(
  'a an the of to in on at by for from with and or is are was were be been being it its this that these those as which what when where who how why does do did has have had can could will would should may might must there their they you your we our i if then than so such about into over under does not no any all each per via'.split(
    ' ',
  ),
);

/** One form for the forms of an English word: rough, the same for questions and documents. */
export function stem(word: string): string {
  if (word.length <= 3 || /\d/.test(word)) return word;
  const cut = word
    .replace(/(?:ies|ied)$/, 'y')
    .replace(/(?:sses)$/, 'ss')
    .replace(/(?<=[^s])s$/, '')
    .replace(/(?:ing|ed)$/, (end, at: number) => (at >= 3 ? '' : end))
    .replace(/(?:ation|ment)$/, (end, at: number) => (at >= 4 ? '' : end));
  return cut.replace(/([bdfgmnprt])\1$/, '$1').replace(/e$/, '') || word;
}

/** Words and parts of compound names: `maxRedirections` is found by `max` and `redirections` as well. */
export function searchWords(text: string): string[] {
  const words: string[] = [];
  for (const [token] of text.matchAll(/[\p{L}\p{N}]+(?:[._-][\p{L}\p{N}]+)*/gu)) {
    const parts = token.split(/[._-]|(?<=\p{Ll})(?=\p{Lu})/u).filter((part) => part !== '');
    const all = parts.length > 1 ? [token, ...parts] : [token];
    for (const one of all) {
      const lower = one.toLowerCase();
      if (!COMMON.has(lower)) words.push(stem(lower));
    }
  }
  return words;
}

const [K1, B] = [1.2, 0.6];
const HEADING_WEIGHT = 1;
const PATH_WEIGHT = 2;

export interface Found {
  readonly passage: Passage;
  readonly score: number;
}
export type Search = (question: string, most: number) => readonly Found[];

export function openSearch(documents: readonly Lines[]): {
  readonly passages: readonly Passage[];
  readonly search: Search;
} {
  const passages = documents.flatMap((one, index) => passagesOf(one, index));
  const counts = passages.map((passage) => {
    const count = new Map<string, number>();
    const add = (text: string, weight: number): void => {
      for (const word of searchWords(text)) count.set(word, (count.get(word) ?? 0) + weight);
    };
    add(passage.text, 1);
    for (const { text } of passage.headings) add(text, HEADING_WEIGHT);
    add(documents[passage.document]!.path, PATH_WEIGHT);
    return count;
  });
  const holders = new Map<string, number>();
  for (const count of counts) for (const word of count.keys()) holders.set(word, (holders.get(word) ?? 0) + 1);
  const lengths = counts.map((count) => [...count.values()].reduce((sum, one) => sum + one, 0));
  const mean = lengths.reduce((sum, one) => sum + one, 0) / Math.max(1, lengths.length);

  function search(question: string, most: number): Found[] {
    const asked = new Set(searchWords(question));
    const found: Found[] = [];
    for (const [index, count] of counts.entries()) {
      let score = 0;
      for (const word of asked) {
        const times = count.get(word);
        if (times === undefined) continue;
        const rarity = Math.log(1 + (counts.length - holders.get(word)! + 0.5) / (holders.get(word)! + 0.5));
        score += (rarity * times * (K1 + 1)) / (times + K1 * (1 - B + (B * lengths[index]!) / mean));
      }
      if (score > 0) found.push({ passage: passages[index]!, score });
    }
    // Ties by place, so that the order is the same everywhere.
    return found
      .toSorted(
        (a, b) => b.score - a.score || a.passage.document - b.passage.document || a.passage.from - b.passage.from,
      )
      .slice(0, most);
  }
  return { passages, search };
}
