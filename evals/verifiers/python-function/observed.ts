// What all inputs of a task have in common. A task does not say what it promises of its inputs: matrices with rows of one length,
// numbers in order, an index inside a list. Whatever holds of every input that it has is taken for a promise, and inputs that are drawn
// keep it: an honest answer may have relied on it.
import type { TypedValue } from '../../../contracts/task.ts';
import { promisedValues } from './observed-values.ts';

export type Input = readonly TypedValue[];
export type Sequence = Extract<TypedValue, { t: 'list' | 'tuple' }>;

export interface Promises {
  /** Puts in order what is promised to be in order, and leaves out what is promised to stand once. */
  settle(args: Input): TypedValue[];
  hold(args: Input): boolean;
}

export const isSequence = (value: TypedValue): value is Sequence => value.t === 'list' || value.t === 'tuple';

/** Of the lists and tuples that lie so deep in one argument; the argument itself lies at 0. */
interface Form {
  readonly at: number;
  readonly depth: number;
  readonly shortest: number;
  readonly longest: number;
  readonly traits: readonly Trait[];
}

/** @param inputs at least one */
export function promisesOf(inputs: readonly Input[]): Promises {
  const places = [...(inputs[0] ?? []).keys()];
  const forms = places.flatMap((at) => formsOf(inputs, at));
  const leaves = places.map((at) => leavesAt(inputs, at));
  const related = places.flatMap((one) =>
    places.flatMap((other) =>
      RELATIONS.filter((holds) => one !== other && inputs.every((args) => holds(args[one]!, args[other]!))).map(
        (holds) =>
          (args: Input): boolean =>
            holds(args[one]!, args[other]!),
      ),
    ),
  );
  return {
    settle: (args) =>
      args.map((value, at) =>
        settled(
          value,
          forms.filter((form) => form.at === at),
        ),
      ),
    hold: (args) =>
      related.every((holds) => holds(args)) &&
      leaves.every((holds) => holds(args)) &&
      forms.every(({ at, depth, shortest, longest, traits }) => {
        const there = atDepth(args[at]!, depth);
        return (
          there.every(({ v }) => v.length >= shortest && v.length <= longest) &&
          traits.every((trait) => has(trait, there))
        );
      }),
  };
}

function formsOf(inputs: readonly Input[], at: number): Form[] {
  const forms: Form[] = [];
  for (let depth = 0; ; depth += 1) {
    const groups = inputs.map((args) => atDepth(args[at]!, depth));
    const lengths = groups.flat().map(({ v }) => v.length);
    if (lengths.length === 0) return forms;
    const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
    const traits = TRAITS.filter((trait) => groups.every((there) => has(trait, there)));
    forms.push({ at, depth, shortest, longest, traits });
  }
}

/** Numbers and texts of one argument, by how deep they lie. */
function leavesAt(inputs: readonly Input[], at: number): (args: Input) => boolean {
  const checks = new Map<number, ReturnType<typeof promisedValues>>();
  const byInput = inputs.map((args) => Map.groupBy(leavesOf(args[at]!), ({ depth }) => depth));
  for (const depth of new Set(byInput.flatMap((found) => [...found.keys()]))) {
    const groups = byInput.map((found) => (found.get(depth) ?? []).map(({ value }) => value));
    checks.set(depth, promisedValues(groups));
  }
  return (args) =>
    [...Map.groupBy(leavesOf(args[at]!), ({ depth }) => depth)].every(
      ([depth, found]) => checks.get(depth)?.(found.map(({ value }) => value)) === true,
    );
}

interface Leaf {
  readonly value: TypedValue;
  readonly depth: number;
}
const leavesOf = (value: TypedValue, depth = 0): Leaf[] =>
  isSequence(value) ? value.v.flatMap((item) => leavesOf(item, depth + 1)) : [{ value, depth }];

function atDepth(value: TypedValue, depth: number): Sequence[] {
  if (!isSequence(value)) return [];
  return depth === 0 ? [value] : value.v.flatMap((item) => atDepth(item, depth - 1));
}

const TRAITS = [
  ...(['even', 'square', 'symmetric', 'bare', 'distinct', 'rising', 'falling'] as const),
  ...(['permutation', 'from one', 'places', 'mutual', 'unit'] as const),
] as const;
type Trait = (typeof TRAITS)[number];

/** Whether the lists of one depth in one argument have it, all of them together. */
function has(trait: Trait, there: readonly Sequence[]): boolean {
  switch (trait) {
    case 'even':
      return there.every(({ v }) => v.length === there[0]!.v.length);
    case 'square':
      return there.every(({ v }) => v.every((item) => isSequence(item) && item.v.length === v.length));
    case 'symmetric':
      return there.every(({ v }) => v.every((row, i) => v.every((_, j) => itemText(row, j) === itemText(v[j]!, i))));
    // Nothing on the diagonal: no edge to itself, no way to where one is.
    case 'bare':
      return there.every(({ v }) => v.every((row, i) => isSequence(row) && isNothing(row.v[i])));
    case 'permutation':
      return there.every((one) => isPermutation(one, 0));
    case 'from one':
      return there.every((one) => isPermutation(one, 1));
    case 'places':
      return there.every(({ v }) =>
        v.every((row) => isSequence(row) && row.v.every((item) => isPlace(item, v.length))),
      );
    case 'mutual':
      return there.every(({ v }) =>
        v.every(
          (row, i) => isSequence(row) && row.v.every((item) => item.t === 'int' && holdsInt(v[Number(item.v)], i)),
        ),
      );
    case 'unit':
      return there.every(
        ({ v }) => v.length > 0 && Math.abs(v.reduce((sum, item) => sum + numberOf(item), 0) - 1) < 1e-9,
      );
    case 'distinct':
      return there.every(({ v }) => new Set(v.map(textOf)).size === v.length);
    default:
      return there.every(({ v }) => v.slice(1).every((item, index) => follows(v[index]!, item, trait)));
  }
}

const itemText = (row: TypedValue, at: number): string | undefined =>
  isSequence(row) && row.v[at] !== undefined ? textOf(row.v[at]) : undefined;
const isNothing = (item: TypedValue | undefined): boolean =>
  item !== undefined && (('v' in item && Number(item.v) === 0) || (item.t === 'bool' && !item.v));
const numberOf = (item: TypedValue): number => (isNumber(item) ? Number(item.v) : Number.NaN);
const isPlace = (item: TypedValue, length: number): boolean =>
  item.t === 'int' && Number(item.v) >= 0 && Number(item.v) < length;
const holdsInt = (row: TypedValue | undefined, wanted: number): boolean =>
  row !== undefined && isSequence(row) && row.v.some((item) => item.t === 'int' && Number(item.v) === wanted);
const isPermutation = ({ v }: Sequence, first: number): boolean =>
  new Set(v.map(numberOf)).size === v.length &&
  v.every((item) => item.t === 'int' && Number(item.v) >= first && Number(item.v) < first + v.length);

function follows(one: TypedValue, next: TypedValue, order: 'rising' | 'falling'): boolean {
  const sign = compared(one, next);
  return sign !== undefined && (order === 'rising' ? sign <= 0 : sign >= 0);
}

function settled(value: TypedValue, forms: readonly Form[]): TypedValue {
  if (!isSequence(value)) return value;
  const [form, ...below] = forms;
  let items = value.v.map((item) => settled(item, below));
  // The positions of a tuple mean something: it is taken or left as it is.
  if (form === undefined || value.t === 'tuple') return { t: value.t, v: items };
  const { traits } = form;
  if (traits.includes('distinct')) items = [...new Map(items.map((item) => [textOf(item), item])).values()];
  if (traits.includes('rising')) items.sort((a, b) => compared(a, b) ?? 0);
  else if (traits.includes('falling')) items.sort((a, b) => compared(b, a) ?? 0);
  if (traits.includes('symmetric')) items = items.map((row, i) => mirrored(row, i, items, traits.includes('bare')));
  return { t: value.t, v: items };
}

/** What stands above the diagonal stands below it too. */
function mirrored(row: TypedValue, i: number, rows: readonly TypedValue[], bare: boolean): TypedValue {
  if (!isSequence(row)) return row;
  const v = row.v.map((item, j) => {
    const above = rows[j];
    if (bare && i === j) return item.t === 'int' ? { ...item, v: '0' } : item;
    return j < i && above !== undefined && isSequence(above) ? (above.v[i] ?? item) : item;
  });
  return { t: row.t, v };
}

/** As Python orders them: below 0, 0, above 0; undefined where it would raise. */
function compared(a: TypedValue, b: TypedValue): number | undefined {
  if (a.t === 'int' && b.t === 'int') return signOf(BigInt(a.v), BigInt(b.v));
  if (isNumber(a) && isNumber(b)) return signOf(Number(a.v), Number(b.v));
  if (a.t === 'str' && b.t === 'str') return Buffer.compare(Buffer.from(a.v), Buffer.from(b.v));
  if (!isSequence(a) || !isSequence(b) || a.t !== b.t) return undefined;
  for (const [index, item] of a.v.entries()) {
    if (index === b.v.length) return 1;
    const sign = compared(item, b.v[index]!);
    if (sign !== 0) return sign;
  }
  return a.v.length === b.v.length ? 0 : -1;
}

const isNumber = (value: TypedValue): value is Extract<TypedValue, { t: 'int' | 'float' | 'str' }> =>
  value.t === 'int' || value.t === 'float';
const signOf = <T extends bigint | number>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
const textOf = (value: TypedValue): string => JSON.stringify(value);

const lengthOf = (value: TypedValue): number | undefined =>
  isSequence(value) ? value.v.length : value.t === 'str' ? [...value.v].length : undefined;
const wholeOf = (value: TypedValue): number | undefined => (value.t === 'int' ? Number(value.v) : undefined);
const below = (a: number | undefined, b: number | undefined): boolean => a !== undefined && b !== undefined && a < b;

/** Between one argument and another. */
const RELATIONS: readonly ((one: TypedValue, other: TypedValue) => boolean)[] = [
  (one, other) => lengthOf(one) !== undefined && lengthOf(one) === lengthOf(other),
  (one, other) => isNumber(one) && isNumber(other) && compared(one, other)! <= 0,
  (one, other) => isNumber(one) && isNumber(other) && compared(one, other)! < 0,
  (one, other) => below(-1, wholeOf(one)) && below(wholeOf(one), lengthOf(other)),
  (one, other) => below(wholeOf(one), (lengthOf(other) ?? Number.NaN) + 1),
  (one, other) => wholeOf(one) !== undefined && wholeOf(one) === lengthOf(other),
  (one, other) => isSequence(other) && other.v.some((item) => textOf(item) === textOf(one)),
  (one, other) => one.t === 'str' && other.t === 'str' && other.v.includes(one.v),
  (one, other) => one.t === 'int' && other.t === 'int' && one.v !== '0' && BigInt(other.v) % BigInt(one.v) === 0n,
  // Nodes of edges, counted from 0 and from 1.
  (one, other) => isSequence(other) && leavesOf(other).every(({ value }) => isPlace(value, wholeOf(one) ?? 0)),
  (one, other) =>
    isSequence(other) &&
    leavesOf(other).every(({ value }) => numberOf(value) >= 1 && numberOf(value) <= (wholeOf(one) ?? Number.NaN)),
];
