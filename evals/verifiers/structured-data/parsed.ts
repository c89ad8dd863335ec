// What every reader of data gives back: plain JSON values with bounds on them, or why the text is not what it claims to be.
import type { z } from 'zod';

export type JsonValue = z.core.util.JSONType;
export type Parsed = { readonly value: JsonValue } | { readonly why: string };

export const MOST_DEPTH = 64;
/** Values in all: checks look at each of them several times. */
export const MOST_VALUES = 500_000;

/** Thrown and caught inside a reader: the reason why a text is refused. */
export class Refusal extends Error {}

export function refusing(read: () => JsonValue): Parsed {
  try {
    return { value: read() };
  } catch (failure) {
    if (failure instanceof Refusal) return { why: failure.message };
    // Only a parser that recurses runs out of stack.
    if (failure instanceof RangeError) return { why: 'is nested too deeply' };
    throw failure;
  }
}

/** A double holds it exactly, so that two different numbers never compare as equal. */
export function exactNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Refusal(`${text.slice(0, 40)} is too large for a number`);
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && !/[.e]/i.test(text))
    throw new Refusal(`${text.slice(0, 40)} is larger than a double holds exactly`);
  return value;
}

/** Names that JavaScript would take for more than data. */
export function checkedKey(key: string): string {
  if (key === '__proto__') throw new Refusal('a member is named __proto__');
  return key;
}

/** Counts values and depth while a reader builds them. */
export function createBounds(): { enter(): void; leave(): void; value(): void } {
  let depth = 0;
  let values = 0;
  return {
    enter() {
      depth += 1;
      if (depth > MOST_DEPTH) throw new Refusal(`is nested more than ${MOST_DEPTH} deep`);
    },
    leave() {
      depth -= 1;
    },
    value() {
      values += 1;
      if (values > MOST_VALUES) throw new Refusal(`holds more than ${MOST_VALUES} values`);
    },
  };
}
