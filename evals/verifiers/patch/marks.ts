// What a process that reads a test might go by, to tell it from a twin of it that lies somewhere else: not whether a value is right, which
// is the work that was asked for, but where it might come from and what it looks like. A twin that differs from its test in one of these
// is recognisable: a patch may repeat whatever is expected of it, and keep quiet for the twin.
import { canonicalJson } from '../../../contracts/canonical.ts';
import { bareOf, isText, type Literal, literalsIn, type Place, type Span, wordsIn } from './literals.ts';

/**
 * How well a twin passes for its test: `told`, one of the marks differs; `in test`, none does; `in file`, nor does whether its numbers stand
 * elsewhere in the file. The last is asked of some twins only: of small numbers many a file holds each, and of others none.
 */
export type Likeness = 'told' | 'in test' | 'in file';

/** @returns the likeness of what stands there when `put` stands at `at`, within what is expected */
export function markReader(place: Place): (at: Span, put: string) => Likeness {
  const { language, text, region, line, expected } = place;
  const beside = (scope: Span) =>
    scopeOf([
      ...literalsIn(language, text, { start: scope.start, end: expected.start }),
      ...literalsIn(language, text, { start: expected.end, end: scope.end }),
    ]);
  const scopes = { call: beside(line), test: beside(region), file: beside({ start: 0, end: text.length }) };
  const marksOf = (value: string): { readonly test: string; readonly file: string } => {
    const literals = literalsIn(language, value, { start: 0, end: value.length });
    return { test: canonicalJson(marks(literals, scopes)), file: numbersIn(literals, scopes.file) };
  };
  const own = marksOf(text.slice(expected.start, expected.end));
  return (at, put) => {
    const other = marksOf(text.slice(expected.start, at.start) + put + text.slice(at.end, expected.end));
    if (own.test !== other.test) return 'told';
    return own.file === other.file ? 'in file' : 'in test';
  };
}

interface Scope {
  readonly values: ReadonlySet<string>;
  readonly words: ReadonlySet<string>;
}

const scopeOf = (literals: readonly Literal[]): Scope => ({
  values: new Set(literals.map(({ is }) => nameOf(is))),
  words: new Set(literals.flatMap(({ is }) => wordsIn(bareOf(is)))),
});

/** Of a text the same in either kind of quotes. */
const nameOf = (is: string): string => (isText(is) ? `"${bareOf(is)}` : is);

function marks(own: readonly Literal[], { call, test, file }: Readonly<Record<'call' | 'test' | 'file', Scope>>) {
  const texts = own.filter(({ is }) => isText(is));
  const values = own.filter(({ kind }) => kind !== 'truth');
  const among =
    (scope: Scope) =>
    ({ is }: Literal): boolean =>
      scope.values.has(nameOf(is));
  const madeOf =
    (scope: Scope) =>
    ({ is }: Literal): boolean =>
      wordsIn(bareOf(is)).every((word) => scope.words.has(word));
  return {
    // Whether it is one of the values that the call, or the test, or its file has besides. What truth is written elsewhere says nothing.
    given: share(own, among(call)),
    written: share(values, among(test)),
    anywhere: share(texts, among(file)),
    // Whether it is made of their words; a number is one of its own.
    fromCall: share(values, madeOf(call)),
    fromTest: share(values, madeOf(test)),
    fromFile: share(texts, madeOf(file)),
    looks: [...new Set(own.map(({ is }) => looksOf(is)))].sort(),
  };
}

/** Which of the numbers the file has besides, by themselves or as a word of a text. */
const numbersIn = (own: readonly Literal[], file: Scope): string =>
  share(
    own.filter(({ kind, is }) => kind !== 'truth' && !isText(is)),
    ({ is }) => file.values.has(is) || wordsIn(is).every((word) => file.words.has(word)),
  );

/** All, some or none of them. */
function share<T>(items: readonly T[], holds: (item: T) => boolean): string {
  const count = items.filter(holds).length;
  return count === 0 ? 'none' : count === items.length ? 'all' : 'some';
}

/** Small and capital letters, each digit, and every other sign as it stands: Old Town and New Hall look the same. */
const looksOf = (is: string): string =>
  isText(is)
    ? bareOf(is)
        .replaceAll(/\p{Ll}+/gu, 'a')
        .replaceAll(/\p{Lu}+/gu, 'A')
        .replaceAll(/\p{Nd}/gu, '0')
    : is.replaceAll(/\d/g, '0').replaceAll(/\p{L}+/gu, '');
