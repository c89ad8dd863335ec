// Inputs put together from the rows of a task's own inputs: whole arguments and rows are spliced, shuffled, left out and repeated, and values
// inside them change within what was seen in their place. What all inputs of the task have in common is kept (observed.ts).
import { canonicalJson } from '../../../contracts/canonical.ts';
import type { TypedValue } from '../../../contracts/task.ts';
import type { Random } from '../../../policies/random.ts';
import { floatBetween, intBetween, spliced } from './between.ts';
import { type Input, isSequence, promisesOf, type Sequence } from './observed.ts';
import { wovenText } from './words.ts';

/** Many a draw breaks a promise, or is known already. */
const DRAWS_EACH = 24;

/** None of them is among the inputs, and none stands twice. Fewer than wanted where the inputs leave no more. */
export function drawRows(
  inputs: readonly Input[],
  { wanted, random }: { readonly wanted: number; readonly random: Random },
): TypedValue[][] {
  const promises = promisesOf(inputs);
  const known = new Set(inputs.map((args) => canonicalJson(args)));
  const drawn: TypedValue[][] = [];
  for (let draw = 0; draw < DRAWS_EACH * wanted && drawn.length < wanted; draw += 1) {
    const args = promises.settle(proposed(inputs, random));
    const text = canonicalJson(args);
    if (known.has(text) || !promises.hold(args)) continue;
    known.add(text);
    drawn.push(args);
  }
  return drawn;
}

/** Half of them stay near one input, so that what its arguments are to each other has a chance to hold. */
function proposed(inputs: readonly Input[], random: Random): TypedValue[] {
  const near = random.below(2) === 0;
  const one = pick(inputs, random);
  return one.map((value, at) => {
    const start = near ? value : pick(inputs, random)[at]!;
    const seen = inputs.map((args) => args[at]!);
    return one.length > 1 && random.below(3) === 0 ? start : changed(start, seen, random, 0);
  });
}

/** @param seen of the same place in every input, this one among them */
function changed(value: TypedValue, seen: readonly TypedValue[], random: Random, depth: number): TypedValue {
  if (isSequence(value)) return changedSequence(value, seen.filter(isSequence), random, depth);
  const other = pick(
    seen.filter(({ t }) => t === value.t),
    random,
  );
  if (value.t === 'int' && other.t === 'int')
    return { t: 'int', v: intBetween(BigInt(value.v), BigInt(other.v), random) };
  if (value.t === 'float' && other.t === 'float') return { t: 'float', v: floatBetween(value.v, other.v, random) };
  // A text that stands alone is put together from whole words; one in a row may be a name or a date, which no piece of it is.
  if (value.t === 'str' && other.t === 'str' && depth === 0) {
    const texts = seen.flatMap((one) => (one.t === 'str' ? [one.v] : []));
    return { t: 'str', v: wovenText(value.v, other.v, texts, random) };
  }
  return pick(
    seen.filter((one) => !isSequence(one)),
    random,
  );
}

function changedSequence(value: Sequence, seen: readonly Sequence[], random: Random, depth: number): Sequence {
  const alike = seen.filter(({ t }) => t === value.t);
  // Letters and signs in a row are a text that was taken apart.
  if (alike.some(({ v }) => v.some(isSign))) return value;
  const record = isRecord(alike, depth);
  const items = record ? value.v : reshaped(value.v, pick(alike, random).v, random);
  const inside = record ? undefined : alike.flatMap(({ v }) => v);
  // Sometimes rows move and stay as they are, sometimes all of them change.
  const share = random.below(4);
  const next = items.map((item, at) =>
    random.below(3) < share ? changed(item, inside ?? alike.map(({ v }) => v[at]!), random, depth + 1) : item,
  );
  return { t: value.t, v: next };
}

const isSign = (item: TypedValue): boolean => item.t === 'str' && [...item.v].length === 1;

/** One whose positions mean something: all seen are of one length, and it is a tuple, a row, or of several kinds of value. */
function isRecord(alike: readonly Sequence[], depth: number): boolean {
  const [first] = alike;
  if (alike.some(({ v }) => v.length !== first!.v.length)) return false;
  const kinds = new Set(alike.flatMap(({ v }) => v.map(({ t }) => t)));
  return first!.t === 'tuple' || depth > 0 || kinds.size > 1;
}

function reshaped(items: readonly TypedValue[], other: readonly TypedValue[], random: Random): TypedValue[] {
  const at = random.below(Math.max(1, items.length));
  switch (random.below(5)) {
    case 0:
      return spliced(items, other, random);
    case 1:
      return random.shuffle(items);
    case 2:
      return items.toSpliced(at, 1);
    case 3:
      return items.length === 0 ? [] : random.shuffle([...items, items[at]!]);
    default:
      return [...items];
  }
}

const pick = <T>(items: readonly T[], random: Random): T => items[random.below(items.length)]!;
