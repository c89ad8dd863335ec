// When two texts of a document count as the same, and a count as too small or large.
import { squeezed } from './blocks.ts';
import type { Range } from './spec.ts';

export const same = (one: string, other: string): boolean => folded(one) === folded(other);

/** Case, white space and the kind of quotation mark make no other text. */
export const folded = (text: string): string =>
  squeezed(text)
    .replaceAll(/[“”„«»]/g, '"')
    .replaceAll(/[‘’]/g, "'")
    .toLowerCase();

export function outside(count: number, { min, max }: Range, what: string): string | undefined {
  if (count < min) return `${count} ${what}, fewer than ${min}`;
  return count > max ? `${count} ${what}, more than ${max}` : undefined;
}
