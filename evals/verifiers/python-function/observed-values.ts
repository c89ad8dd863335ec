// What the numbers and texts of one place have in common in all inputs of a task, as observed.ts does it for lists.
import type { TypedValue } from '../../../contracts/task.ts';
import { TEXT_TRAITS, wordCount } from './words.ts';

type Check = (values: readonly TypedValue[]) => boolean;

/** Not more than so many values of a place are taken for all that there are, where they come often enough. */
const [FEW, OFTEN] = [3, 6];

/** @param groups what stands in one place, input by input */
export function promisedValues(groups: readonly (readonly TypedValue[])[]): Check {
  const all = groups.flat();
  const [ints, texts] = [intsOf(all), textsOf(all)];
  const checks: Check[] = [];
  if (ints.length > 0) {
    const step = ints.reduce(gcd, 0n);
    const traits = INT_TRAITS.filter((trait) => ints.every(trait));
    checks.push((values) => intsOf(values).every((value) => traits.every((trait) => trait(value))));
    if (step > 1n) checks.push((values) => intsOf(values).every((value) => value % step === 0n));
    const known = new Set(ints);
    if (known.size <= FEW && ints.length >= OFTEN)
      checks.push((values) => intsOf(values).every((value) => known.has(value)));
  }
  if (texts.length > 0) {
    const traits = TEXT_TRAITS.filter((trait) => texts.every(trait));
    const range = (of: (text: string) => number) => {
      const seen = texts.map(of);
      const [least, most] = [Math.min(...seen), Math.max(...seen)];
      return (text: string) => of(text) >= least && of(text) <= most;
    };
    const ranges = [range((text) => [...text].length), range(wordCount)];
    checks.push((values) => textsOf(values).every((text) => [...traits, ...ranges].every((holds) => holds(text))));
  }
  return (values) => checks.every((holds) => holds(values));
}

const intsOf = (values: readonly TypedValue[]): bigint[] =>
  values.flatMap((value) => (value.t === 'int' ? [BigInt(value.v)] : []));
const textsOf = (values: readonly TypedValue[]): string[] =>
  values.flatMap((value) => (value.t === 'str' ? [value.v] : []));
const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b));

/** Larger ones are not looked at so closely. */
const MOST = 10n ** 9n;
const INT_TRAITS: readonly ((value: bigint) => boolean)[] = [
  (value) => value % 2n !== 0n,
  (value) => value > 0n && Number.isInteger(Math.log2(Number(value))),
  (value) => value >= 0n && Number.isInteger(Math.sqrt(Number(value))),
  isPrime,
  (value) => `${value}` === [...`${value}`].reverse().join(''),
  (value) => /^[01]+$/.test(`${value}`),
  (value) => value !== 0n,
];

function isPrime(value: bigint): boolean {
  if (value < 2n || value > MOST) return false;
  const number = Number(value);
  for (let by = 2; by * by <= number; by += 1) if (number % by === 0) return false;
  return true;
}

/** What kinds of answer there are: types, in lists too, and whether it is nothing, below or above nothing. */
export function kindsOf(value: TypedValue, depth = 0): string[] {
  const own = (what: string) => `${depth} ${value.t} ${what}`;
  switch (value.t) {
    case 'int':
    case 'float':
      return [own(Number(value.v) < 0 ? 'below' : Number(value.v) === 0 ? 'nothing' : 'above')];
    case 'str':
      return [own(value.v === '' ? 'nothing' : 'some')];
    case 'list':
    case 'tuple':
      return [own(value.v.length === 0 ? 'nothing' : 'some'), ...value.v.flatMap((item) => kindsOf(item, depth + 1))];
    default:
      return [own('')];
  }
}
