// Whether a program's output is the expected one, by the policy that the task names. Text only; nothing of it is evaluated.
import type { Comparison } from './check.ts';

/**
 * exact: byte for byte but for one newline at the end. tokens: what stands between white space. floats: tokens, where two decimal
 * numbers agree within `absolute` or `relative`·|expected|; nan and infinities agree with nothing but themselves as text.
 * sorted-lines: lines in any order, without white space at their ends and without empty ones.
 */
export function sameText(expected: string, seen: string, { how, ...tolerance }: Comparison): boolean {
  switch (how) {
    case 'exact':
      return withoutNewline(expected) === withoutNewline(seen);
    case 'tokens':
      return sameList(tokens(expected), tokens(seen), (a, b) => a === b);
    case 'floats':
      return sameList(tokens(expected), tokens(seen), (a, b) => sameToken(a, b, tolerance as Tolerance));
    case 'sorted-lines':
      return sameList(sortedLines(expected), sortedLines(seen), (a, b) => a === b);
  }
}

export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

export const within = (expected: number, seen: number, { absolute, relative }: Tolerance): boolean =>
  expected === seen ||
  (Number.isFinite(seen) && Math.abs(expected - seen) <= Math.max(absolute, relative * Math.abs(expected)));

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

const sameToken = (expected: string, seen: string, tolerance: Tolerance): boolean =>
  DECIMAL.test(expected) && DECIMAL.test(seen) ? within(Number(expected), Number(seen), tolerance) : expected === seen;

const withoutNewline = (text: string): string => text.replace(/\r?\n$/, '');
const tokens = (text: string): string[] => text.split(/\s+/).filter((token) => token !== '');
const sortedLines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .sort();

const sameList = (a: readonly string[], b: readonly string[], same: (a: string, b: string) => boolean): boolean =>
  a.length === b.length && a.every((item, index) => same(item, b[index]!));
