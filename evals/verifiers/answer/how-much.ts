// How much an answer may quote: who quotes far more than what has to be quoted has found nothing, however small the pieces are.
import { type SearchableDocument, squeezed } from './quotes.ts';

interface Passage {
  readonly source: string;
  readonly text: string;
}
interface Quote {
  readonly source: string;
  readonly quote: string;
}

/** In shorter ones there is nothing to find. Characters, white space squeezed. */
const SEARCHED = 200;
/** A passage may be quoted in its sentence: so many times its length, and so many characters more. */
const TIMES = 2;
const MORE_OF_ONE = 60;
/** Of all quotes of a document. */
const MORE_OF_ALL = 100;

const lengthOf = (texts: Iterable<string>): number =>
  [...new Set([...texts].map(squeezed))].reduce((sum, { length }) => sum + length, 0);

/** Why it is too much, of one document or of all. */
export function quotesTooMuch(
  documents: ReadonlyMap<string, SearchableDocument>,
  evidence: readonly Quote[],
  required: readonly Passage[],
): string | undefined {
  const quoted = (source: string) =>
    lengthOf(evidence.filter((one) => one.source === source).map(({ quote }) => quote));
  const allowed = (source: string) =>
    TIMES * lengthOf(required.filter((one) => one.source === source).map(({ text }) => text)) + MORE_OF_ALL;
  const sources = [...documents.keys()];
  const far = sources.find((one) => documents.get(one)!.text.length >= SEARCHED && quoted(one) > allowed(one));
  if (far !== undefined) return tooMuch(far, quoted(far), allowed(far));
  const sum = (of: (source: string) => number, which = sources) => which.reduce((all, one) => all + of(one), 0);
  const searched = sum((one) => documents.get(one)!.text.length) >= SEARCHED;
  // A document in which nothing has to be found may be quoted as well, though not each of a hundred.
  const named = sources.filter((one) => required.some(({ source }) => source === one));
  const most = sum(allowed, named) + (named.length < sources.length ? MORE_OF_ALL : 0);
  return searched && sum(quoted) > most ? tooMuch('all documents', sum(quoted), most) : undefined;
}

const tooMuch = (what: string, quoted: number, most: number): string =>
  `too much of ${what} is quoted: ${quoted} characters, of ${most}`;

/** A quote that is not much longer than all passages in it. */
export function isNear({ source, quote }: Quote, required: readonly Passage[]): boolean {
  const own = squeezed(quote);
  const inside = required.filter((one) => one.source === source && own.includes(squeezed(one.text)));
  return own.length <= TIMES * lengthOf(inside.map(({ text }) => text)) + MORE_OF_ONE;
}
