// Values that stand in the text of a test.
import type { Language } from './flip-languages.ts';

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where an expected value stands: every span in the text of the whole file. */
export interface Place {
  readonly language: Language;
  readonly text: string;
  /** The test. */
  readonly region: Span;
  /** The assertion. */
  readonly line: Span;
  readonly expected: Span;
}

export interface Literal extends Span {
  readonly is: string;
  /** Two of one kind may stand in each other's place. */
  readonly kind: string;
}

const LITERAL = /(?<![\w.'"])(?:(['"])((?:(?!\1)[^\\\n])+)\1|\d+(?:\.\d+)?(?![\w.'"])|(?:True|False|true|false)\b)/g;

export const literalsIn = (language: Language, text: string, { start, end }: Span): Literal[] =>
  [...text.slice(start, end).matchAll(LITERAL)].map(({ index, 0: is }) => ({
    start: start + index,
    end: start + index + is.length,
    is,
    kind: kindOf(language, is),
  }));

/** A compiler takes no fraction for a whole number, and no text for a character; both quotes mean a text where nothing is compiled. */
function kindOf(language: Language, literal: string): string {
  if (isText(literal)) return language === 'python' || language === 'javascript' ? 'text' : literal[0]!;
  return /^\d/.test(literal) ? (literal.includes('.') ? 'fraction' : 'whole') : 'truth';
}

export const isText = (literal: string): boolean => /^['"]/.test(literal);
export const bareOf = (literal: string): string => (isText(literal) ? literal.slice(1, -1) : literal);

const WORD = /\p{L}+|\p{Nd}+/gu;

/** Runs of letters and of digits, in small letters. */
export const wordsIn = (text: string): string[] => text.toLowerCase().match(WORD) ?? [];

/** The same, with what stands before each and behind the last. */
export function wordsAndGaps(text: string): { readonly words: readonly string[]; readonly gaps: readonly string[] } {
  return { words: text.match(WORD) ?? [], gaps: text.split(WORD) };
}
