// Criteria whose answer the grader knows: one that no text meets, for it asks for a name that was invented for this judgement, and one that
// this text meets, for it asks for a word that stands in it. A judge that answers by an order instead of by the text cannot tell them from the
// real ones by their place, their name or their form; which they are follows from the secret.
import type { Rubric } from '../../../contracts/judge.ts';
import { createRandom, type Random } from '../../../policies/random.ts';
import { sha256Of } from '../gates.ts';

/** Part of a judge's setup: other forms make another judge. */
export const PROBE_FORMS = {
  impossible: [
    'Does it name “{word}”?',
    'Does it say what part “{word}” plays in it?',
    '{asks} Met only if it also names “{word}”.',
  ],
  certain: [
    'Does it name “{word}”?',
    'Does the word “{word}” stand in it, in whatever connection?',
    '{asks} Met in any case if it names “{word}”.',
  ],
} as const;

export interface Probe {
  readonly asks: string;
  /** What an honest judge says. */
  readonly met: boolean;
}

const SYLLABLES = 'ba bro cal du fen gos har ji kam lor mel nu pol que ras sti tor ul vem wis xan yor zel'.split(' ');
const LONGEST = 24;

/** Both of them for a text that passed its gates. */
export const drawProbes = (text: string, of: Rubric, secret: string): Probe[] => {
  const random = randomOf(text, of, secret);
  return [impossible(text, of, random), certain(text, of, random)];
};

/** For a text that answers nothing no criterion is met; such a call has as many of them as any other. */
export const impossibleProbes = (text: string, of: Rubric, secret: string): Probe[] => {
  const random = randomOf(text, of, secret);
  return [impossible(text, of, random), impossible(text, of, random)];
};

/** Criteria in an order that only the grader knows, under names that say nothing. */
export const mixed = <T>(criteria: readonly T[], text: string, of: Rubric, secret: string): T[] =>
  createRandom('rubric order', sha256Of(`${secret}\n${of.about}\n${text}`)).shuffle(criteria);

const randomOf = (text: string, of: Rubric, secret: string): Random =>
  createRandom('rubric probes', sha256Of(`${secret}\n${of.about}\n${text}`));

function impossible(text: string, of: Rubric, random: Random): Probe {
  const lower = text.toLowerCase();
  let word = '';
  // In a text of bounded length some name is missing always: there are more of them than it has places.
  while (word === '' || lower.includes(word)) word = Array.from({ length: 4 }, () => pick(SYLLABLES, random)).join('');
  return { asks: filled('impossible', `${word[0]!.toUpperCase()}${word.slice(1)}`, of, random), met: false };
}

function certain(text: string, of: Rubric, random: Random): Probe {
  const words = [...new Set(text.match(/\p{L}+/gu) ?? [])].filter(({ length }) => length <= LONGEST);
  const long = words.filter(({ length }) => length >= 5);
  if (words.length === 0) return { asks: 'Is there at least one character in it?', met: true };
  return { asks: filled('certain', pick(long.length > 0 ? long : words, random), of, random), met: true };
}

function filled(kind: keyof typeof PROBE_FORMS, word: string, { criteria }: Rubric, random: Random): string {
  const asks = pick(criteria, random).asks;
  return pick(PROBE_FORMS[kind], random)
    .replace('{asks}', () => asks)
    .replace('{word}', () => word);
}

const pick = <T>(items: readonly T[], random: Random): T => items[random.below(items.length)]!;
