// How little a twin's value differs from what its test expects. What is broken often gives nearly the right answer: a patch may compare what
// it reads in the test with what the broken code gave, and repeat it where both are near. Only twins that lie as near tell of that.
import { bareOf, isText, type Literal, literalsIn, type Place, type Span } from './literals.ts';

/** Each is another way to be near to a value; a test's twins are chosen from as many as it has, in this order. */
export const NEARNESS = [
  'one more',
  'one less',
  'two more',
  'two less',
  'a sign less',
  'a sign more',
  'another sign',
  'an item less',
  'other order',
] as const;
export type Nearness = (typeof NEARNESS)[number];

/** In which way `put` at `at`, within what is expected, is near to it; undefined where it is not. */
export function nearnessAt({ language, text, expected }: Place, at: Span, put: string): Nearness | undefined {
  const after = text.slice(expected.start, at.start) + put + text.slice(at.end, expected.end);
  const own = literalsIn(language, text, expected);
  const theirs = literalsIn(language, after, { start: 0, end: after.length });
  if (theirs.length === own.length - 1 && own.length > 1 && isAmong(theirs, own)) return 'an item less';
  if (theirs.length !== own.length) return undefined;
  const changed = own.flatMap((one, index) => (one.is === theirs[index]!.is ? [] : [[one, theirs[index]!] as const]));
  const [first] = changed;
  if (first === undefined || changed.length > 1) return undefined;
  const [was, is] = first;
  if (was.kind !== is.kind) return undefined;
  return isText(was.is) ? nearText([...bareOf(was.is)], [...bareOf(is.is)]) : nearNumber(was.is, is.is);
}

const BY: Readonly<Record<string, Nearness>> = { 1: 'one more', 2: 'two more', '-1': 'one less', '-2': 'two less' };

/** Of a fraction its last digit counts. */
function nearNumber(was: string, is: string): Nearness | undefined {
  const whole = (number: string): bigint => BigInt(number.replace('.', ''));
  if (!/^\d/.test(was) || !/^\d/.test(is) || decimalsOf(was) !== decimalsOf(is)) return undefined;
  return BY[String(whole(is) - whole(was))];
}

const decimalsOf = (number: string): number => (number.split('.')[1] ?? '').length;

function nearText(was: readonly string[], is: readonly string[]): Nearness | undefined {
  if (is.length === was.length - 1 && isPartOf(is, was)) return 'a sign less';
  if (is.length === was.length + 1 && isPartOf(was, is)) return 'a sign more';
  if (is.length !== was.length) return undefined;
  if (is.filter((sign, index) => sign !== was[index]).length === 1) return 'another sign';
  return is.toSorted().join() === was.toSorted().join() ? 'other order' : undefined;
}

/** In the same order, with others between them. */
function isPartOf(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const one of all) if (one === some[at]) at += 1;
  return at === some.length;
}

const isAmong = (some: readonly Literal[], all: readonly Literal[]): boolean =>
  isPartOf(
    some.map(({ is }) => is),
    all.map(({ is }) => is),
  );

/** As far from a number as its nearest neighbours: of a negative one the sign stands before it. */
export function numbersNear(literal: string): string[] {
  const decimals = decimalsOf(literal);
  const units = BigInt(literal.replace('.', ''));
  return [1n, -1n, 2n, -2n]
    .map((by) => units + by)
    .filter((one) => one >= 0n)
    .map((one) => {
      const digits = String(one).padStart(decimals + 1, '0');
      return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
    });
}

/** Texts with one sign less, and with one sign twice, at each place. */
export function textsNear(text: string): { readonly less: string[]; readonly more: string[] } {
  const signs = [...text];
  return {
    less: signs.length < 2 ? [] : signs.map((_, at) => signs.toSpliced(at, 1).join('')),
    more: signs.map((sign, at) => signs.toSpliced(at, 0, sign).join('')),
  };
}
