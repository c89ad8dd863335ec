// Checks of meaning as data: what has to hold among the values of a file. An empty list holds none of them, since nothing is shown by it.
import { z } from 'zod';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { within } from '../program/compare.ts';
import type { JsonValue } from './parsed.ts';

/** RFC 6901; '' is the whole. */
const pointer = z.string().regex(/^(\/([^~/]|~[01])*)*$/, 'a JSON pointer');
const common = {
  name: z.string().min(1),
  weight: z.number().positive().default(1),
  /** A gate: nothing is rewarded without it. */
  hard: z.boolean().default(false),
};
const tolerance = { absolute: z.number().nonnegative().default(0), relative: z.number().nonnegative().default(0) };

export const semanticCheck = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('equals'), ...common, at: pointer, value: z.json(), ...tolerance }),
  z.strictObject({
    kind: z.literal('count'),
    ...common,
    at: pointer,
    least: z.int().nonnegative(),
    most: z.int().nonnegative(),
  }),
  /** The sum of a field over a list: a number, or what stands elsewhere in the file. */
  z.strictObject({
    kind: z.literal('sum'),
    ...common,
    at: pointer,
    of: pointer,
    value: z.union([z.number(), z.strictObject({ at: pointer })]),
    ...tolerance,
  }),
  z.strictObject({
    kind: z.literal('sorted'),
    ...common,
    at: pointer,
    by: z.array(pointer).min(1),
    order: z.enum(['ascending', 'descending']),
  }),
  z.strictObject({ kind: z.literal('unique'), ...common, at: pointer, by: z.array(pointer).min(1) }),
  /** Each value of a field occurs as a key of another list. */
  z.strictObject({ kind: z.literal('references'), ...common, at: pointer, of: pointer, into: pointer, key: pointer }),
  /** A list holds exactly these items, in any order. */
  z.strictObject({
    kind: z.literal('same-items'),
    ...common,
    at: pointer,
    value: z.array(z.json()).min(1).max(2_000),
    ...tolerance,
  }),
  /** An object, or each object of a list, has no other members. */
  z.strictObject({ kind: z.literal('only-keys'), ...common, at: pointer, keys: z.array(z.string()).min(1) }),
]);
export type SemanticCheck = z.infer<typeof semanticCheck>;

/** What is wrong, or undefined when the check holds. */
export function violation(check: SemanticCheck, root: JsonValue): string | undefined {
  const value = valueAt(root, check.at);
  if (value === undefined) return `nothing stands at ${check.at || 'the whole'}`;
  if (check.kind === 'equals') return sameJson(check.value, value, check) ? undefined : `${brief(value)} stands there`;
  if (check.kind === 'only-keys') return extraKeys(Array.isArray(value) ? value : [value], check.keys);
  if (!Array.isArray(value)) return `${brief(value)} is no list`;
  if (check.kind === 'count')
    return value.length >= check.least && value.length <= check.most ? undefined : `there are ${value.length}`;
  if (value.length === 0) return 'the list is empty';
  return ofList(check, value, root);
}

type ListCheck = Exclude<SemanticCheck, { kind: 'equals' | 'only-keys' | 'count' }>;

function ofList(check: ListCheck, items: readonly JsonValue[], root: JsonValue): string | undefined {
  switch (check.kind) {
    case 'sum': {
      const fields = items.map((item) => valueAt(item, check.of));
      if (!fields.every((field) => typeof field === 'number')) return `not every item has a number at ${check.of}`;
      const total = fields.reduce((sum, field) => sum + field, 0);
      const wanted = typeof check.value === 'number' ? check.value : valueAt(root, check.value.at);
      if (typeof wanted !== 'number') return 'the total is no number';
      // Sums of decimals differ in their last digits with the order of adding.
      const relative = Math.max(check.relative, 1e-9);
      return within(wanted, total, { absolute: check.absolute, relative }) ? undefined : `the sum is ${total}`;
    }
    case 'sorted': {
      const keys = items.map((item) => check.by.map((field) => valueAt(item, field)));
      const sign = check.order === 'ascending' ? 1 : -1;
      for (let index = 0; index < keys.length; index += 1) {
        const order = index === 0 ? ordered(keys[0]!, keys[0]!) : ordered(keys[index - 1]!, keys[index]!);
        if (order === undefined) return `item ${index} has nothing that can be ordered`;
        if (order * sign > 0) return `item ${index} is out of order`;
      }
      return undefined;
    }
    case 'unique': {
      const seen = new Set<string>();
      for (const [index, item] of items.entries()) {
        const key = check.by.map((field) => valueAt(item, field));
        if (key.includes(undefined)) return `item ${index} has no key`;
        const text = canonicalJson(key);
        if (seen.has(text)) return `item ${index} repeats ${brief(key as JsonValue)}`;
        seen.add(text);
      }
      return undefined;
    }
    case 'references': {
      const into = valueAt(root, check.into);
      if (!Array.isArray(into)) return `nothing can be referred to at ${check.into}`;
      const known = new Set(into.map((item) => canonicalJson(valueAt(item, check.key) ?? {})));
      const stray = items.findIndex((item) => {
        const field = valueAt(item, check.of);
        return field === undefined || !known.has(canonicalJson(field));
      });
      return stray === -1 ? undefined : `item ${stray} refers to nothing`;
    }
    case 'same-items': {
      if (items.length !== check.value.length) return `there are ${items.length} items, not ${check.value.length}`;
      const left = [...items];
      for (const wanted of check.value) {
        const index = left.findIndex((item) => sameJson(wanted, item, check));
        if (index === -1) return `${brief(wanted)} is missing`;
        left.splice(index, 1);
      }
      return undefined;
    }
  }
}

/** One that what held the check does not hold. */
export function flipped(check: SemanticCheck): SemanticCheck {
  if (check.kind === 'equals') return { ...check, value: [check.value] };
  if (check.kind === 'same-items') return { ...check, value: [...check.value, { flipped: true }] };
  if (check.kind === 'sum' && typeof check.value === 'number')
    return { ...check, value: check.value + 1 + 2 * (check.absolute + check.relative * Math.abs(check.value)) };
  const { name, weight, hard } = check;
  return { kind: 'equals', name, weight, hard, at: '', value: 'flipped', absolute: 0, relative: 0 };
}

export function valueAt(root: JsonValue, path: string): JsonValue | undefined {
  let value: JsonValue = root;
  for (const part of path.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(key)) return undefined;
    if (!Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, JsonValue>)[key]!;
  }
  return value;
}

interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** Types agree, numbers within the tolerance, members and items one by one. */
export function sameJson(expected: JsonValue, seen: JsonValue, tolerance: Tolerance): boolean {
  if (typeof expected === 'number') return typeof seen === 'number' && within(expected, seen, tolerance);
  if (typeof expected !== 'object' || expected === null) return expected === seen;
  if (typeof seen !== 'object' || seen === null || Array.isArray(expected) !== Array.isArray(seen)) return false;
  const keys = Object.keys(expected);
  if (keys.length !== Object.keys(seen).length) return false;
  const [a, b] = [expected as Record<string, JsonValue>, seen as Record<string, JsonValue>];
  return keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key]!, b[key]!, tolerance));
}

function extraKeys(objects: readonly JsonValue[], keys: readonly string[]): string | undefined {
  if (objects.length === 0) return 'the list is empty';
  for (const object of objects) {
    if (typeof object !== 'object' || object === null || Array.isArray(object)) return `${brief(object)} is no object`;
    const extra = Object.keys(object).find((key) => !keys.includes(key));
    if (extra !== undefined) return `there is ${JSON.stringify(extra.slice(0, 80))} too`;
  }
  return undefined;
}

/** −1, 0 or 1 by the first key that differs; undefined where two keys cannot be compared. */
function ordered(a: readonly (JsonValue | undefined)[], b: readonly (JsonValue | undefined)[]): number | undefined {
  let result = 0;
  for (const [index, one] of a.entries()) {
    const other = b[index];
    const comparable =
      (typeof one === 'number' && typeof other === 'number') || (typeof one === 'string' && typeof other === 'string');
    if (!comparable) return undefined;
    if (result === 0) result = one < other ? -1 : one > other ? 1 : 0;
  }
  return result;
}

const brief = (value: JsonValue): string => JSON.stringify(value).slice(0, 120);
