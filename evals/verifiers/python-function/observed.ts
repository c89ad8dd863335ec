// What all inputs of a task have in common. A task does not say what it promises of its inputs: matrices with rows of one length,
// numbers in order, an index inside a list. Whatever holds of every input that it has is taken for a promise, and inputs that are drawn
// keep it: an honest answer may have relied on it.
import type { TypedValue } from '../../../contracts/task.ts';

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

function atDepth(value: TypedValue, depth: number): Sequence[] {
  if (!isSequence(value)) return [];
  return depth === 0 ? [value] : value.v.flatMap((item) => atDepth(item, depth - 1));
}

const TRAITS = ['even', 'square', 'distinct', 'rising', 'falling'] as const;
type Trait = (typeof TRAITS)[number];

/** Whether the lists of one depth in one argument have it, all of them together. */
function has(trait: Trait, there: readonly Sequence[]): boolean {
  switch (trait) {
    case 'even':
      return there.every(({ v }) => v.length === there[0]!.v.length);
    case 'square':
      return there.every(({ v }) => v.every((item) => isSequence(item) && item.v.length === v.length));
    case 'distinct':
      return there.every(({ v }) => new Set(v.map(textOf)).size === v.length);
    default:
      return there.every(({ v }) => v.slice(1).every((item, index) => follows(v[index]!, item, trait)));
  }
}

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
  return { t: value.t, v: items };
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
];
