// A document's blocks against its spec: one gate a subject, in order; the first that is broken is the last.
import { AnnealError } from '../../../contracts/errors.ts';
import type { Rubric } from '../../../contracts/judge.ts';
import type { GateResult } from '../../../contracts/judgement.ts';
import { type Artifact, textOf } from '../artifact.ts';
import { broken, held } from '../gates.ts';
import { MOST_CHARACTERS } from '../rubric/question.ts';
import { type Block, squeezed, textOfBlock, wordsOf } from './blocks.ts';
import { citationProblem } from './citations.ts';
import { decimals, figureOf, numbersIn, numbersOf, states, strangeFigure } from './figures.ts';
import { placeholderIn, strangeCharacter } from './placeholders.ts';
import { folded, outside } from './same.ts';
import type { ContentSpec } from './spec.ts';
import { rowProblem, tableProblem } from './tables.ts';

/** From this many words on, so many of them have to be different ones: text of five hundred words has about half. */
const PADDED = { words: 80, distinct: 0.25 };
/** A number belongs to a label when it stands this close behind it, characters. */
const CLOSE = 30;
/** Behind a label: enough for a number that is close, whatever its length. */
const READ = 500;

export function contentGates(blocks: readonly Block[], spec: ContentSpec, given: Artifact): GateResult[] {
  const text = blocks.map(textOfBlock).join('\n');
  const withData = spec.tables.filter(({ data }) => data !== undefined);
  const checks: readonly (readonly [name: string, problem: () => string | undefined, fine: string])[] = [
    ['plain-characters', () => strangeCharacter(text), 'nothing is written that a reader does not see'],
    ['no-placeholders', () => placeholderIn(text, spec.forbidden), 'none found'],
    ['no-padding', () => padding(blocks), 'no text is repeated to fill a page'],
    [
      'words',
      () => (spec.words === null ? undefined : outside(wordsOf(text).length, spec.words, 'words')),
      'within bounds',
    ],
    ['tables', () => first(spec.tables, (table) => tableProblem(table, blocks)), `${spec.tables.length} found`],
    ...(withData.length === 0
      ? []
      : ([
          [
            'rows',
            () => first(withData, (table) => rowProblem(table, spec.tables, blocks, given)),
            'every cell holds what the data say',
          ],
        ] as const)),
    ['facts', () => first(spec.facts, (fact) => factProblem(fact, text, given)), `${spec.facts.length} quoted`],
    [
      'numbers',
      () => first(spec.numbers, (number) => numberProblem(number, text, given)),
      `${spec.numbers.length} agree with the data`,
    ],
    ['traceable', () => untraceable(text, spec, given), 'every number has a source'],
    ['citations', () => citationProblem(text, spec.citations, given), 'every source is a given one'],
  ];
  const gates: GateResult[] = [];
  for (const [name, problem, fine] of checks) {
    const why = problem();
    gates.push(why === undefined ? held(name, fine) : broken(name, why));
    if (why !== undefined) break;
  }
  return gates;
}

/** Too long for the judge of a rubric: whoever wrote it answers for that. */
export const readableGates = (text: string, rubric: Rubric | null): GateResult[] =>
  rubric === null || text.length <= MOST_CHARACTERS
    ? []
    : [broken('length', `${text.length} characters are too many for a judge to read`)];

export function first<T>(items: readonly T[], problem: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const why = problem(item);
    if (why !== undefined) return why;
  }
  return undefined;
}

function padding(blocks: readonly Block[]): string | undefined {
  const seen = new Set<string>();
  for (const block of blocks) {
    const text = squeezed(textOfBlock(block)).toLowerCase();
    if (block.kind !== 'paragraph' || wordsOf(text).length < 8) continue;
    if (seen.has(text)) return `a paragraph stands twice: “${text.slice(0, 60)}…”`;
    seen.add(text);
  }
  const words = blocks
    .filter(({ kind }) => kind !== 'table')
    .flatMap((block) => wordsOf(textOfBlock(block).toLowerCase()));
  const distinct = new Set(words).size / Math.max(1, words.length);
  return words.length >= PADDED.words && distinct < PADDED.distinct
    ? `of ${words.length} words only ${Math.round(100 * distinct)}% are different ones`
    : undefined;
}

function factProblem(
  { name, file, quote }: ContentSpec['facts'][number],
  text: string,
  given: Artifact,
): string | undefined {
  if (!folded(givenText(file, given)).includes(folded(quote)))
    throw new AnnealError('verifier.failed', `the task asks for a quote (${name}) that ${file} does not hold`);
  return folded(text).includes(folded(quote)) ? undefined : `${name} is not quoted from ${file}`;
}

function numberProblem(
  { name, label, is, places }: ContentSpec['numbers'][number],
  text: string,
  given: Artifact,
): string | undefined {
  const expected = figureOf(is, given);
  let stated = 0;
  for (const line of text.split('\n')) {
    const low = line.toLowerCase();
    for (let at = low.indexOf(label.toLowerCase()); at !== -1; at = low.indexOf(label.toLowerCase(), at + 1)) {
      const behind = line.slice(at + label.length, at + label.length + READ);
      const number = numbersIn(behind)[0];
      if (number === undefined || number.at > CLOSE || /^\s*%/.test(behind.slice(number.at + number.text.length)))
        continue;
      stated += 1;
      if (number.places < places && !Number.isInteger(expected) && !states(number, expected))
        return `${name} is given as ${number.text}`;
      if (!states(number, expected))
        return `${name} is given as ${number.text}, and the data say ${Number(expected.toFixed(places))}`;
      if (number.places < Math.min(places, decimals(expected)))
        return `${name} is rounded to ${number.text}: ${places} decimals are asked for`;
    }
  }
  return stated === 0 ? `${name} is nowhere stated behind “${label}”` : undefined;
}

/** Numbers that neither a given file nor a computed figure accounts for: made up, until somebody shows where they are from. */
function untraceable(text: string, { traceable, numbers }: ContentSpec, given: Artifact): string | undefined {
  if (traceable === null) return undefined;
  const strange = strangeFigure(text);
  if (strange !== undefined) return `${strange} is a number that nobody can look up: figures are written with 0 to 9`;
  const known = [...given.values()].flatMap((bytes) => numbersOf(textOf(bytes) ?? ''));
  const figures = numbers.map(({ is }) => figureOf(is, given));
  const sources = new Set([...known, ...traceable.also]);
  // Addresses are looked up whole (citations.ts).
  const odd = numbersIn(text.replaceAll(/https?:\S+/g, ' ')).find(
    (number) =>
      Math.abs(number.value) >= traceable.from &&
      !sources.has(number.value) &&
      !sources.has(-number.value) &&
      !figures.some((figure) => states(number, figure)),
  );
  return odd === undefined ? undefined : `${odd.text} stands in no file that was given, and follows from none`;
}

function givenText(file: string, given: Artifact): string {
  const bytes = given.get(file);
  const text = bytes === undefined ? undefined : textOf(bytes);
  if (text === undefined) throw new AnnealError('verifier.failed', `${file} is not a text among the given files`);
  return text;
}
