// Whether a claim stands, by the text alone: its quotes must be where it says, and nothing in it may go beyond them. What a model says of its
// own honesty is not asked. The check is of words, not of meaning: it drops much that is true, so that little that is false gets through.
import type { ClaimDrop } from '../contracts/research.ts';
import { type Passage, stem } from './passages.ts';

export interface OfferedCitation {
  readonly document: number;
  readonly from: number;
  readonly to: number;
  readonly quote: string;
}
export interface Offered {
  readonly text: string;
  readonly citations: readonly OfferedCitation[];
}

export interface Shown {
  readonly passages: readonly Passage[];
  /** Lines as they were shown. */
  readonly lines: (document: number) => readonly string[];
}

/** `words`: whoever has no judge lets a claim say nothing but the quote's own words in their order. */
export type Strictness = 'words' | 'half the words';

const TELLING = 8;
export const folded = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** @returns undefined where it stands */
export function againstClaim(
  { text, citations }: Offered,
  shown: Shown,
  strictness: Strictness,
): ClaimDrop | undefined {
  for (const one of citations) {
    if (!shown.passages.some(({ document }) => document === one.document)) return 'document';
    const where = placeOf(one, shown);
    if (where === undefined) return 'lines';
    const lines = shown.lines(one.document).slice(one.from - 1, one.to);
    const quote = folded(one.quote);
    if (quote === '' || !folded(lines.join('\n')).includes(quote)) return 'quote';
    if (quote.length < TELLING && !lines.some((line) => folded(line) === quote)) return 'quote';
  }
  const home = homeOf(citations, shown);
  if (home === undefined) return 'apart';
  const inOrder = citations.toSorted((a, b) => a.from - b.from).map(({ quote }) => folded(quote));
  return beyond(
    text,
    inOrder,
    home.headings.map((heading) => heading.text),
    strictness,
  );
}

const within = ({ from, to }: OfferedCitation, passage: Passage): boolean =>
  from >= passage.from && to <= passage.to && from <= to;

/** In one passage, or one of the headings above a passage. */
const placeOf = (one: OfferedCitation, { passages }: Shown): Passage | undefined =>
  passages.find(
    (passage) =>
      passage.document === one.document &&
      (within(one, passage) || (one.from === one.to && passage.headings.some(({ line }) => line === one.from))),
  );

/** The one passage to which all of them belong, itself or its headings: a version from one list says nothing of another list's items. */
const homeOf = (citations: readonly OfferedCitation[], { passages }: Shown): Passage | undefined =>
  passages.find((passage) =>
    citations.every(
      (one) =>
        one.document === passage.document &&
        (within(one, passage) || (one.from === one.to && passage.headings.some(({ line }) => line === one.from))),
    ),
  );

/** Turn a sentence into its opposite, or take its certainty away. By their stems. */
const TURNING = new Set(
  'not no never none neither nor without cannot nothing nobody unless except instead removed remove removal drop dropped deprecated deprecate disable disabled forbid forbidden fail fails failed refuse refused reject rejected stop stopped ignore ignored prevent prevents avoid avoids revert reverted unsupported unavailable invalid missing lack lacks longer former formerly previously before until may might could should experimental planned proposed optional maybe perhaps rarely only false incorrect wrong wrongly myth less fewer more most least minimum maximum older newer earlier later after above below increase increased decrease decreased'
    .split(' ')
    .map(stem),
);

/** Say nothing by themselves. */
const LIGHT = new Set(
  'a an the of to in on at by for from with and or is are was were be been being it its this that these those as which when where who has have had do does did can will would there their they them you your we our i if then so such into also both via per says said states stated version versions release released package library project documentation document'.split(
    ' ',
  ),
);

const COUNTED: Readonly<Record<string, string>> = {
  ...{ two: '2', three: '3', four: '4', five: '5', six: '6', seven: '7', eight: '8', nine: '9', ten: '10' },
  ...{ eleven: '11', twelve: '12' },
};

export function beyond(
  text: string,
  quotes: readonly string[],
  headings: readonly string[],
  strictness: Strictness,
): ClaimDrop | undefined {
  const quote = quotes.join(' \n ');
  const numbers = new Set(numbersOf(quote));
  if (numbersOf(text).some((one) => !numbers.has(one))) return 'numbers';
  const lower = plainly(quote);
  if (namesOf(text).some((name) => !standsIn(name, lower))) return 'names';

  const claimed = contentOf(text);
  if (claimed.length === 0) return 'words';
  const quoted = contentOf(quote);
  const turning = (words: readonly string[]): string[] => words.filter((word) => TURNING.has(word));
  const said = new Set(claimed);
  if (turning(claimed).some((word) => !quoted.includes(word))) return 'reversed';
  for (const clause of [...quotes, ...headings].flatMap(clausesOf)) {
    const words = contentOf(clause);
    const plainWords = words.filter((word) => !TURNING.has(word));
    const shared = plainWords.filter((word) => said.has(word)).length;
    // A heading speaks of all that stands below it.
    const concerns = headings.includes(clause)
      ? plainWords.length === 0 || shared > 0
      : shared > 0 && 2 * shared >= plainWords.length;
    if (concerns && turning(words).some((word) => !said.has(word))) return 'reversed';
  }
  if (strictness === 'words') return inOrder(claimed, quoted) ? undefined : 'words';
  const borne = claimed.filter((word) => quoted.includes(word)).length;
  return 2 * borne >= claimed.length ? undefined : 'words';
}

const plainly = (text: string): string => text.toLowerCase().replaceAll(/[`*_"'“”‘’]/g, '');

const clausesOf = (quote: string): string[] => quote.split(/(?<=[.;!?])\s+|\n|,\s+|\s+(?:and|but|while|whereas)\s+/i);

function numbersOf(text: string): string[] {
  const written = [...text.toLowerCase().matchAll(/\b[a-z]+\b/g)]
    .map(([word]) => COUNTED[word])
    .filter((one) => one !== undefined);
  const digits = [...text.matchAll(/\d+(?:[.,_]\d+)*/g)].map(([one]) => one.replaceAll(/[,_]/g, ''));
  return [...digits, ...written];
}

/** What looks like a name: written with capitals, signs or in code. */
function namesOf(text: string): string[] {
  const code = [...text.matchAll(/`([^`]+)`/g)].map(([, inside]) => inside!.trim());
  const words = text
    .split(/\s+/)
    .map((word) => word.replaceAll(/^[^\p{L}\p{N}@$_-]+|[^\p{L}\p{N}_)]+$/gu, '').replace(/(?<!\()\)$/, ''))
    .filter((word) => /[._/@:$#=<>()]|--|\p{Lu}|\p{Ll}\p{Lu}/u.test(word) && /\p{L}/u.test(word))
    .filter((word) => !LIGHT.has(word.toLowerCase()) && !TURNING.has(stem(word.toLowerCase())));
  return [...code, ...words].filter((one) => one !== '');
}

/** As a whole, or in another form of the word. */
function standsIn(name: string, lower: string): boolean {
  const wanted = plainly(name);
  if (wanted === '') return true;
  const at = (from: number): boolean => {
    const found = lower.indexOf(wanted, from);
    if (found === -1) return false;
    const [before, after] = [lower[found - 1] ?? ' ', lower[found + wanted.length] ?? ' '];
    const isWhole = !/[\p{L}\p{N}]/u.test(before) && !/[\p{L}\p{N}]/u.test(after);
    return isWhole || at(found + 1);
  };
  return (
    at(0) || (/^\p{L}+$/u.test(wanted) && lower.split(/[^\p{L}\p{N}]+/u).some((word) => stem(word) === stem(wanted)))
  );
}

/** Stems of what says something, in order; a part of a word that a sign divides is a word. */
function contentOf(text: string): string[] {
  const plain = text
    .toLowerCase()
    .replaceAll(/n['’]t\b/g, ' not')
    .replaceAll('cannot', 'can not');
  return [...plain.matchAll(/[\p{L}\p{N}]+/gu)]
    .map(([word]) => COUNTED[word] ?? word)
    .filter((word) => !LIGHT.has(word))
    .map(stem);
}

function inOrder(claimed: readonly string[], quoted: readonly string[]): boolean {
  let at = 0;
  for (const word of claimed) {
    const found = quoted.indexOf(word, at);
    if (found === -1) return false;
    at = found + 1;
  }
  return true;
}
