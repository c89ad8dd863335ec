// What may be written in the place of an expected value: other values of the test, its words put together in another way, values that
// look the same, the same values in another order, and values that are nearly the same (near.ts). Which of them could not be told from the test is asked elsewhere (marks.ts); that a
// right solution fails each, certification sees.
import type { Random } from '../../../policies/random.ts';
import { bareOf, isText, type Literal, literalsIn, type Place, type Span, wordsAndGaps, wordsIn } from './literals.ts';
import { numbersNear, textsNear } from './near.ts';

export interface Replacement {
  readonly span: Span;
  readonly text: string;
  /** Those of one kind are alike: whoever knows how to tell one tells them all. */
  readonly kind: string;
}

/** Proposals of one kind for one value. */
const MOST = 4;
/** Values of one list that are changed. */
const MOST_VALUES = 8;

export function replacementsOf(place: Place, random: Random): Replacement[] {
  const { language, text, region, expected } = place;
  const own = literalsIn(language, text, expected);
  const test = literalsIn(language, text, region);
  const file = literalsIn(language, text, { start: 0, end: text.length });
  const known = [...near(test, expected), ...near(file, expected)].filter(({ start }) => outside(start, expected));
  const found: Replacement[] = [];
  const add = (kind: string, span: Span, options: readonly string[]): void => {
    const is = text.slice(span.start, span.end);
    const fresh = [...new Set(options)].filter(
      (one) => one !== is && (kind === 'rearranged' || !isText(is) || isPlain(one)),
    );
    found.push(...fresh.slice(0, kind === 'altered' ? 2 * MOST : MOST).map((one) => ({ kind, span, text: one })));
  };
  for (const literal of random.shuffle(own).slice(0, MOST_VALUES)) {
    const { is } = literal;
    const quoted = (bare: string): string => `${is[0]}${bare}${is[0]}`;
    const alike = [...known, ...own].filter(({ kind }) => kind === literal.kind).map((one) => one.is);
    // In the quotes that it stands in the place of: others would tell a twin from its test.
    if (isText(is)) {
      add('another', literal, alike.map(bareOf).map(quoted));
      const words = known.flatMap((one) => wordsIn(bareOf(one.is)));
      for (const [kind, texts] of Object.entries(recombined(bareOf(is), words, random)))
        add(kind, literal, texts.map(quoted));
      const { less, more } = textsNear(bareOf(is));
      // Some at what is no letter, where there is such: that is where texts are nearly right.
      for (const [kind, texts] of Object.entries({ 'a sign less': less, 'a sign more': more }))
        add(kind, literal, mixed(random.shuffle(texts), bareOf(is)).map(quoted));
    } else if (literal.kind === 'truth') add('another', literal, [TRUTH[is]!]);
    else {
      add('another', literal, alike);
      add('near', literal, numbersNear(is));
      if (literal.kind === 'whole')
        add(
          'a word',
          literal,
          known.flatMap((one) => wordsIn(bareOf(one.is))).filter((word) => /^[1-9]\d*$/.test(word)),
        );
      add(
        'altered',
        literal,
        Array.from({ length: 3 * MOST }, () => otherNumber(is, random)),
      );
    }
  }
  for (const change of rearranged(text, own, random)) add('rearranged', change.span, [change.text]);
  const seen = new Set<string>();
  return found.filter(({ span: { start, end }, text: put }) => {
    const whole = text.slice(expected.start, start) + put + text.slice(end, expected.end);
    return !seen.has(whole) && seen.add(whole);
  });
}

const outside = (at: number, { start, end }: Span): boolean => at < start || at >= end;
/** What a call is given stands next to what is expected of it. */
const near = (literals: readonly Literal[], { start }: Span): Literal[] =>
  literals.toSorted((one, other) => Math.abs(one.start - start) - Math.abs(other.start - start));
/** Nothing in it ends the text early. */
const isPlain = (literal: string): boolean => literal.length > 2 && !literal.slice(1, -1).includes(literal[0]!);

const TRUTH: Readonly<Record<string, string>> = { True: 'False', False: 'True', true: 'false', false: 'true' };

/** Those that differ in letters and those that differ in other signs take turns. */
function mixed(texts: readonly string[], text: string): string[] {
  const isWord = (one: string): boolean => wordsIn(one).join('').length !== wordsIn(text).join('').length;
  const [words, others] = [texts.filter(isWord), texts.filter((one) => !isWord(one))];
  return others.flatMap((one, at) => [one, ...words.slice(at, at + 1)]).concat(words.slice(others.length));
}

/** Of as many digits, a little more or less. */
function otherNumber(literal: string, random: Random): string {
  const [whole = '', fraction] = literal.split('.');
  const by = BigInt(1 + random.below(9));
  const more = BigInt(whole) + (random.below(2) === 0 ? by : -by);
  const changed = more >= 0n && String(more).length === whole.length ? more : BigInt(whole) + by;
  return fraction === undefined ? String(changed) : `${changed}.${fraction}`;
}

/** A text of the same words or letters, or of others of the test. */
function recombined(text: string, known: readonly string[], random: Random): Record<string, string[]> {
  const { words, gaps } = wordsAndGaps(text);
  const joined = (some: readonly string[], between: readonly string[] = gaps): string =>
    between.map((gap, at) => gap + (some[at] ?? '')).join('');
  const pairs = random.shuffle(words.flatMap((_, a) => words.flatMap((_, b) => (a < b ? [[a, b] as const] : []))));
  const [inner, outer] = [
    gaps.slice(1, -1),
    (gap: string) => [gaps[0]!, ...words.slice(1).map(() => gap), gaps.at(-1)!],
  ];
  const places = random.shuffle(words.map((_, at) => at));
  return {
    'words exchanged': pairs.map(([a, b]) =>
      joined(words.with(a, inCaseOf(words[b]!, words[a]!)).with(b, inCaseOf(words[a]!, words[b]!))),
    ),
    'a word repeated': pairs.flatMap(([a, b]) => [
      joined(words.with(a, inCaseOf(words[b]!, words[a]!))),
      joined(words.with(b, inCaseOf(words[a]!, words[b]!))),
    ]),
    'another word': places.flatMap((at) =>
      random
        .shuffle([...new Set(known)])
        .filter((word) => /^\d/.test(word) === /^\d/.test(words[at]!))
        .slice(0, 2)
        .map((word) => joined(words.with(at, inCaseOf(word, words[at]!)))),
    ),
    'a word missing':
      words.length < 2
        ? []
        : [joined(words.slice(0, -1), gaps.toSpliced(-2, 1)), joined(words.slice(1), gaps.toSpliced(1, 1))],
    'other gaps':
      inner.length === 0
        ? []
        : [outer(inner[0]! + inner[0]!), outer(' '), outer('_'), outer('-')].map((gap) => joined(words, gap)),
    'other capitals': places.map((at) => joined(words.with(at, turned(words[at]!)))),
    'letters exchanged': Array.from({ length: MOST }, () => exchanged(text, random)),
    altered: Array.from({ length: MOST }, () => altered(text, random)),
  };
}

/** As the word was written whose place it takes. */
function inCaseOf(word: string, like: string): string {
  if (like === like.toLowerCase()) return word.toLowerCase();
  if (like.length > 1 && like === like.toUpperCase()) return word.toUpperCase();
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();
}

const turned = (word: string): string => {
  const first = word.slice(0, 1);
  return (first === first.toLowerCase() ? first.toUpperCase() : first.toLowerCase()) + word.slice(1);
};

const classOf = (sign: string): string =>
  /\p{Ll}/u.test(sign) ? 'a' : /\p{Lu}/u.test(sign) ? 'A' : /\p{Nd}/u.test(sign) ? '0' : sign;

/** Two signs of one class. */
function exchanged(text: string, random: Random): string {
  const pairs = [...text].flatMap((one, a) =>
    [...text].flatMap((other, b) =>
      a < b && one !== other && classOf(one) === classOf(other) ? [[a, b] as const] : [],
    ),
  );
  if (pairs.length === 0) return text;
  const [a, b] = pairs[random.below(pairs.length)]!;
  return [...text]
    .with(a, [...text][b]!)
    .with(b, [...text][a]!)
    .join('');
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const ALPHABETS: Readonly<Record<string, string>> = {
  a: LETTERS,
  A: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  0: '0123456789',
};

/** One sign for another of its class. */
function altered(text: string, random: Random): string {
  const signs = [...text];
  const at = random.below(signs.length);
  const others = [...(ALPHABETS[classOf(signs[at]!)] ?? LETTERS)].filter((sign) => sign !== signs[at]);
  return signs.with(at, others[random.below(others.length)]!).join('');
}

/** The same values in another order or in other groups, or one less. */
function rearranged(
  text: string,
  own: readonly Literal[],
  random: Random,
): { readonly span: Span; readonly text: string }[] {
  const changes: { span: Span; text: string }[] = [];
  const pairs = own.flatMap((one, at) => own.slice(at + 1).map((other) => [one, other] as const));
  for (const [one, other] of random.shuffle(pairs).slice(0, MOST)) {
    if (one.kind !== other.kind) continue;
    const between = text.slice(one.end, other.start);
    changes.push({ span: { start: one.start, end: other.end }, text: `${other.is}${between}${one.is}` });
  }
  for (const [at, one] of own.entries()) {
    const next = own[at + 1];
    const gap = next === undefined ? '' : text.slice(one.end, next.start);
    // From the group behind it into its own: [1, 2], [3, 4] becomes [1, 2, 3], [4].
    const behind = own[at + 2];
    if (/^[\])}],\s*[[({]$/.test(gap) && behind !== undefined && /^,\s*$/.test(text.slice(next!.end, behind.start)))
      changes.push({
        span: { start: one.end, end: behind.start },
        text: `${text.slice(next!.end, behind.start)}${next!.is}${gap}`,
      });
    const before = own[at - 1];
    const gapBefore = before === undefined ? '' : text.slice(before.end, one.start);
    if (/^[\])}],\s*[[({]$/.test(gap) && /^,\s*$/.test(gapBefore))
      changes.push({ span: { start: before!.end, end: next!.start }, text: `${gap}${one.is}${gapBefore}` });
    if (/^,\s*$/.test(gapBefore) && own.length > 2)
      changes.push({ span: { start: before!.end, end: one.end }, text: '' });
  }
  return changes;
}
