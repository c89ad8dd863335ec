// What is typed into a page follows from the secret of the judgement, and so does what must come of it: a page that shows the right texts
// without doing anything cannot know them.
import { z } from 'zod';
import { createRandom, type Random } from '../../../policies/random.ts';
import { sha256Of } from '../gates.ts';

const inputName = z.string().regex(/^[a-z][A-Za-z0-9]*$/, 'a name like itemOne');

const drawn = z.discriminatedUnion('kind', [
  /** Letters that spell nothing. */
  z.strictObject({ kind: z.literal('word') }),
  /** Two of them, capitalised. */
  z.strictObject({ kind: z.literal('name') }),
  z.strictObject({ kind: z.literal('integer'), min: z.int(), max: z.int() }),
  z.strictObject({ kind: z.literal('decimal'), min: z.number(), max: z.number(), places: z.int().min(1).max(6) }),
  z.strictObject({ kind: z.literal('pick'), of: z.array(z.string()).min(2) }),
]);
/** What is expected of a page that computes: from inputs that stand above. */
const computed = z.strictObject({
  kind: z.literal('computed'),
  how: z.enum([
    'sum',
    'difference',
    'product',
    'quotient',
    'count',
    'upper',
    'lower',
    'reverse',
    'join',
    'first',
    'last',
  ]),
  of: z.array(inputName).min(1),
  /** Of a number, decimals that are shown. */
  places: z.int().min(0).max(6).default(0),
});
export const pageInputs = z.record(inputName, z.union([drawn, computed]));
export type PageInputs = z.infer<typeof pageInputs>;
export type Values = Readonly<Record<string, string>>;

const CONSONANTS = 'bdfgklmnprstvz';
const VOWELS = 'aeiou';

/** In the order of the record: a computed input reads those before it. */
export function drawInputs(inputs: PageInputs, secret: string, draw: number): Values {
  const random = createRandom(sha256Of(`inputs of a page\n${secret}\n${JSON.stringify(inputs)}`), draw);
  const values: Record<string, string> = {};
  for (const [name, input] of Object.entries(inputs)) {
    values[name] = input.kind === 'computed' ? compute(input, values) : one(input, random);
  }
  return values;
}

function one(input: z.infer<typeof drawn>, random: Random): string {
  switch (input.kind) {
    case 'word':
      return word(random);
    case 'name':
      return `${capital(word(random))} ${capital(word(random))}`;
    case 'integer':
      return String(input.min + random.below(input.max - input.min + 1));
    case 'decimal':
      return (input.min + random.unit() * (input.max - input.min)).toFixed(input.places);
    case 'pick':
      return input.of[random.below(input.of.length)]!;
  }
}

const word = (random: Random): string =>
  Array.from(
    { length: 4 },
    () => CONSONANTS[random.below(CONSONANTS.length)]! + VOWELS[random.below(VOWELS.length)]!,
  ).join('');
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function compute({ how, of, places }: z.infer<typeof computed>, values: Values): string {
  const texts = of.map((name) => values[name] ?? '');
  const numbers = texts.map(Number);
  const [first = 0, ...rest] = numbers;
  switch (how) {
    case 'sum':
      return numbers.reduce((sum, value) => sum + value, 0).toFixed(places);
    case 'difference':
      return rest.reduce((left, value) => left - value, first).toFixed(places);
    case 'product':
      return numbers.reduce((product, value) => product * value, 1).toFixed(places);
    case 'quotient':
      return rest.reduce((left, value) => left / value, first).toFixed(places);
    case 'count':
      return String(texts.length);
    case 'upper':
      return texts.join(' ').toUpperCase();
    case 'lower':
      return texts.join(' ').toLowerCase();
    case 'reverse':
      return [...texts.join(' ')].reverse().join('');
    case 'join':
      return texts.join(' ');
    case 'first':
      return texts.toSorted()[0] ?? '';
    case 'last':
      return texts.toSorted().at(-1) ?? '';
  }
}

const PLACE = /\{\{([a-z][A-Za-z0-9]*)\}\}/g;

/** Names that a text, or anything made of texts, asks for. */
export const placesIn = (value: unknown): string[] =>
  [...JSON.stringify(value).matchAll(PLACE)].map(([, name]) => name!);

export const filledIn = (text: string, values: Values): string =>
  text.replaceAll(PLACE, (_, name: string) => values[name] ?? '');
