// Impossible twins of tests: the same file with one expected value changed, so that whatever solves the test fails the twin. A process
// that is given a twin and says "passed" lies about its test, however it does it. Proposed here by reading text; what is kept is what
// certification has seen fail (certify.ts).
import type { Random } from '../../../policies/random.ts';
import type { Flip } from './check.ts';
import { type Expected, LANGUAGES, type Language } from './flip-languages.ts';
import type { Place, Span } from './literals.ts';
import { type Likeness, markReader } from './marks.ts';
import { NEARNESS, type Nearness, nearnessAt } from './near.ts';
import { fileOf } from './runners.ts';
import { replacementsOf } from './twin-values.ts';

/** Proposals for one test, the best first; the same seed proposes the same. */
export function proposeFlips(language: Language, id: string, text: string, random: Random): Flip[] {
  const region = regionOf(language, id, text);
  if (region === undefined) return [];
  const flip = ({ start, end }: Span, replacement: string): Flip => ({
    ...{ test: id, path: fileOf(id) },
    ...{ start, end, text: replacement },
  });
  const proposed: (Seen & { readonly flip: Flip; readonly kind: string })[] = [];
  for (const place of placesIn(language, text, region)) {
    const likenessOf = markReader(place);
    for (const { span, text: put, kind } of replacementsOf(place, random)) {
      const flipOf = flip(span, put);
      proposed.push({ flip: flipOf, kind, likeness: likenessOf(span, put), nearness: nearnessAt(place, span, put) });
    }
  }
  const shuffled = random.shuffle(proposed);
  const byKind = (likeness: Likeness): Flip[] => {
    const some = shuffled.filter((one) => one.likeness === likeness);
    return inTurns([...Map.groupBy(some, ({ kind }) => kind).values()]).map((one) => one.flip);
  };
  const near = nearest(shuffled).map((one) => one.flip);
  const tail = tailOf(language, text, region);
  const believable = inTurns([byKind('in file'), byKind('in test')]);
  const best = new Set(inTurns([believable, near]));
  return [
    ...best,
    ...byKind('told').filter((one) => !best.has(one)),
    ...(tail === undefined ? [] : [flip(tail.span, tail.text)]),
  ];
}

/** One of each, then a second of each. */
function inTurns<T>(groups: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...groups.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) => groups.flatMap((group) => group.slice(turn, turn + 1))).flat();
}

export interface Seen {
  /** Whether reading the twin without the test beside it tells which of both it is (marks.ts). */
  readonly likeness: Likeness;
  /** Whether what is broken could give nearly what the twin expects, as it may give nearly what the test expects. */
  readonly nearness: Nearness | undefined;
}

export function seenIn(language: Language, id: string, text: string, { start, end, text: put }: Flip): Seen {
  const region = regionOf(language, id, text);
  if (region !== undefined)
    for (const place of placesIn(language, text, region))
      if (start < end && place.expected.start <= start && end <= place.expected.end)
        return { likeness: markReader(place)({ start, end }, put), nearness: nearnessAt(place, { start, end }, put) };
  return { likeness: 'told', nearness: undefined };
}

const RANK: readonly Likeness[] = ['in file', 'in test', 'told'];

/** Of each way to be near one, then a second of each; of one way those first that pass for the test. */
export function nearest<One extends Seen>(some: readonly One[]): One[] {
  const byRank = (one: Seen, other: Seen): number => RANK.indexOf(one.likeness) - RANK.indexOf(other.likeness);
  return inTurns(NEARNESS.map((way) => some.filter(({ nearness }) => nearness === way).toSorted(byRank)));
}

/** Whether it changes a written value: a line put in can be told from the test by reading it. */
export const isHidden = ({ start, end }: Flip): boolean => end > start;

export const flipped = (text: string, { start, end, text: replacement }: Flip): string =>
  text.slice(0, start) + replacement + text.slice(end);

interface Region extends Span {
  /** The line that begins the test. */
  readonly head: string;
}

/** From the line that begins a test to the next line that is indented no deeper. */
function regionOf(language: Language, id: string, text: string): Region | undefined {
  const { partsOf, begins } = LANGUAGES[language];
  const parts = partsOf(id.slice(id.indexOf('::') + 2));
  let from = 0;
  let found: RegExpExecArray | null = null;
  for (const part of parts) {
    found = begins(escaped(part.replace(/\[.*\]$/, ''))).exec(text.slice(from));
    if (found === null) return undefined;
    from += found.index;
    if (part !== parts.at(-1)) from += found[0].length;
  }
  const indent = found![1]!.length;
  const start = from + found![0].length + 1;
  const after = new RegExp(`^[ \\t]{0,${indent}}\\S`, 'm').exec(text.slice(start));
  const end = after === null ? text.length : start + after.index;
  return start < end ? { start, end, head: found![0] } : undefined;
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function* linesOf(text: string, { start, end }: Span): Generator<Span> {
  for (let at = start; at < end; ) {
    const newline = text.indexOf('\n', at);
    const stop = newline === -1 || newline > end ? end : newline;
    yield { start: at, end: stop };
    at = stop + 1;
  }
}

/** Every expected value that is written out. */
function* placesIn(language: Language, text: string, region: Region): Generator<Place> {
  for (const line of linesOf(text, region)) {
    const expected = expectedIn(language, text.slice(line.start, line.end));
    if (expected === undefined) continue;
    const span = { start: line.start + expected.start, end: line.start + expected.end };
    yield { language, text, region, line, expected: span };
  }
}

/** The expected value of a line that asserts an equality, when it is written out. */
function expectedIn(language: Language, line: string): Span | undefined {
  const { equalities, unsure, words, signs } = LANGUAGES[language];
  const bare = blanked(line);
  if (unsure.test(bare)) return undefined;
  for (const { begins, expected } of equalities) {
    const asserts = begins.exec(line);
    if (asserts === null) continue;
    const span = argumentIn(bare, asserts[0].length, expected);
    if (span === undefined) continue;
    // A call or a name is no written value, and a second comparison is no expected one.
    const rest = bare.slice(span.start, span.end).replaceAll(words, '').replaceAll(signs, '');
    if (/^[\s\d.,:[\](){}'"+\-;]*$/.test(rest)) return span;
  }
  return undefined;
}

/** Strings emptied to blanks of the same length, so that what stands in them is not taken for code. */
const blanked = (line: string): string =>
  line.replaceAll(
    /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g,
    (text) => text[0] + ' '.repeat(text.length - 2) + text.at(-1),
  );

/** Of the call that is open at `from`, or of what stands on the line behind it. */
function argumentIn(line: string, from: number, expected: Expected): Span | undefined {
  if (expected === 'rest') return { start: from, end: line.length };
  let depth = 0;
  let close = line.length;
  const commas: number[] = [];
  for (let at = from; at < line.length && close === line.length; at += 1) {
    if ('([{'.includes(line[at]!)) depth += 1;
    if (')]}'.includes(line[at]!)) {
      if (depth === 0) close = at;
      depth -= 1;
    }
    if (line[at] === ',' && depth === 0) commas.push(at);
  }
  const [first, second = close] = commas;
  if (first === undefined) return undefined;
  if (expected === 'first') return { start: from, end: first };
  if (expected === 'second') return { start: first + 1, end: second };
  return { start: commas.at(-1)! + 1, end: line.length };
}

/** For tests that compare nothing with a written value: one more line at their end. It looks like what it is, so it comes last. */
function tailOf(
  language: Language,
  text: string,
  { start, end, head }: Region,
): { span: Span; text: string } | undefined {
  const body = text.slice(start, end);
  const indent = /^([ \t]+)\S/m.exec(body)?.[1];
  const line = LANGUAGES[language].tail?.(head);
  if (indent === undefined || line === undefined) return undefined;
  const at = start + body.trimEnd().length;
  return { span: { start: at, end: at }, text: `\n${indent}${line}` };
}
