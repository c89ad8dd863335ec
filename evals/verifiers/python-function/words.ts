// Texts that stand alone, put together from whole words. A piece of a word may be no word at all: of a Roman numeral, a date or a formula no
// cut is one, so that what is not made of words is taken or left as it is.
import type { Random } from '../../../policies/random.ts';

interface Words {
  readonly words: readonly string[];
  /** What stands before each word, the first one's among them. */
  readonly gaps: readonly string[];
  readonly end: string;
}

const GAP = /(\s+|\s*[,;|]\s*)/;
/** A word of a sentence, with what may end one. */
const LETTERS = /^[\p{L}\p{M}]+(?:['’-][\p{L}\p{M}]+)*[.!?:]*$/u;
const DIGITS = /^[+-]?\d+$/;

/** Undefined where they are not all made of words, or not all of numbers: what stands between signs is not told. */
export function wordsOf(texts: readonly string[]): Words[] | undefined {
  const split = texts.map(wordsIn);
  const all = split.flatMap(({ words }) => words);
  const alike = [LETTERS, DIGITS].some((kind) => all.every((word) => kind.test(word)));
  return alike && split.some(({ words }) => words.length > 1) ? split : undefined;
}

function wordsIn(text: string): Words {
  const words: string[] = [];
  const gaps: string[] = [];
  let gap = '';
  for (const [index, part] of text.split(GAP).entries()) {
    if (index % 2 === 1) gap += part;
    else if (part !== '') {
      words.push(part);
      gaps.push(gap);
      gap = '';
    }
  }
  return { words, gaps, end: gap };
}

/**
 * The beginning of one and the end of another: what stands first stays first, and what stands last stays last. As it is where there is nothing to
 * put together.
 */
export function wovenText(one: string, other: string, seen: readonly string[], random: Random): string {
  if (wordsOf(seen) === undefined) return one;
  const [head, tail] = [wordsIn(one), wordsIn(other)];
  if (head.words.length < 2 || tail.words.length < 2) return one;
  const until = 1 + random.below(head.words.length - 1);
  const from = 1 + random.below(tail.words.length - 1);
  const piece = ({ words, gaps }: Words, start: number, stop: number) =>
    words.slice(start, stop).map((word, index) => gaps[start + index]! + word);
  return [...piece(head, 0, until), ...piece(tail, from, tail.words.length), tail.end].join('');
}

const letters = (text: string): string[] => [...text.toLowerCase()].filter((one) => /\p{L}/u.test(one));
const once = (all: readonly string[]): boolean => new Set(all).size === all.length;
const plain = (text: string): readonly string[] => wordsIn(text).words;

/** What all texts of one place may have in common. */
export const TEXT_TRAITS: readonly ((text: string) => boolean)[] = [
  (text) => letters(text).join('') === letters(text).reverse().join(''),
  (text) => once(letters(text)),
  (text) => once(plain(text)),
  (text) => once(plain(text.toLowerCase())),
  (text) => plain(text).every((word, at, all) => at === 0 || all[at - 1]! <= word),
  (text) => new Set(plain(text).map((word) => word.length)).size <= 1,
  (text) => new Set(letters(text)).size >= 26,
  (text) => !once(plain(text)),
  (text) => [...text].length % 2 === 0,
  (text) => [...text].length % 2 === 1,
];
export const wordCount = (text: string): number => plain(text).length;
