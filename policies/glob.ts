// Patterns of paths as operators write them. Pure, and small on purpose: `*`, `?`, `**` and `{a,b}`; whatever else looks like a pattern is
// refused where it is read, since a pattern that nobody understands protects nothing.
import { z } from 'zod';

/**
 * From the root of the repository; `*` and `?` stay inside one folder, `**` crosses folders, names that begin with a dot are no
 * exception. What lies below a match is matched: `evals` and `evals/` are `evals/**`.
 */
export const pathPattern = z
  .string()
  .min(1)
  .max(240)
  .regex(/^(?!\/)(?!.*\/\/)[^\\[\]!()\p{Cc}]+$/u, 'a path with *, ?, ** or {a,b}, relative to the repository')
  .refine((text) => !text.split('/').some((part) => part === '.' || part === '..'), 'has . or .. in it')
  .refine((text) => braced(text) !== undefined, 'its braces do not close, are empty, or stand in one another');

/**
 * @param pattern one that `pathPattern` takes
 * @param fold done to the pattern; whoever asks does the same to the path
 * @returns whether a path, given as its names, is meant
 */
export function matcherOf(pattern: string, fold: (text: string) => string): (names: readonly string[]) => boolean {
  const choices = (braced(pattern) ?? []).map((one) =>
    // The pattern's end may lie anywhere on the way to the path.
    [...fold(one).split('/').filter(Boolean), '**'].map((text) => ({ text, means: nameMatcher(text) })),
  );
  return (names) => choices.some((choice) => holds(choice, names, ({ text }) => text === '**', isMeant));
}

const isMeant = (one: { readonly means: (name: string) => boolean }, name: string): boolean => one.means(name);

function nameMatcher(text: string): (name: string) => boolean {
  if (!/[*?]/.test(text)) return (name) => name === text;
  const letters = [...text];
  const begins = /^[^*?]*/.exec(text)![0];
  return (name) => name.startsWith(begins) && holds(letters, [...name], isStar, isSame);
}

const isStar = (letter: string): boolean => letter === '*';
const isSame = (letter: string, other: string): boolean => letter === '?' || letter === other;

/** Without braces: every choice written out. @returns undefined where the braces make no sense */
function braced(pattern: string): string[] | undefined {
  const [, before = '', inside = '', after = ''] = /^([^{}]*)\{([^{}]*)\}(.*)$/s.exec(pattern) ?? [];
  if (inside === '') return /[{}]/.test(pattern) ? undefined : [pattern];
  const rest = braced(after);
  if (rest === undefined || rest.length * inside.split(',').length > 64) return undefined;
  return inside.split(',').flatMap((choice) => rest.map((end) => before + choice + end));
}

/** Only the last star is tried again, which is enough: no pattern takes long, whatever it is held against. */
function holds<One, Item>(
  pattern: readonly One[],
  items: readonly Item[],
  star: (one: One) => boolean,
  same: (one: One, item: Item) => boolean,
): boolean {
  let [at, from] = [0, 0];
  let [lastAt, lastFrom] = [-1, 0];
  while (from < items.length) {
    const one = pattern[at];
    if (one !== undefined && star(one)) {
      [lastAt, lastFrom] = [at, from];
      at += 1;
    } else if (one !== undefined && same(one, items[from]!)) {
      at += 1;
      from += 1;
    } else if (lastAt === -1) return false;
    else {
      lastFrom += 1;
      [at, from] = [lastAt + 1, lastFrom];
    }
  }
  return pattern.slice(at).every(star);
}
