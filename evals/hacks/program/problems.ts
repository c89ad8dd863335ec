// A problem has a reference in each language, so that every cheat and every honest variant stands against all of them.
import type { TypedValue } from '../../../contracts/task.ts';

export interface FunctionProblem {
  readonly name: string;
  readonly entry: string;
  readonly says: string;
  readonly python: string;
  readonly javascript: string;
  /** Python that prints `count` lists of arguments for a seed, given the name `random` and the helpers of secret.ts. */
  readonly draw: string;
  readonly cases: readonly { readonly args: readonly Plain[]; readonly expected: Plain }[];
}

export interface StdioProblem {
  readonly name: string;
  readonly says: string;
  readonly python: string;
  readonly javascript: string;
  /** A Python expression for one input. */
  readonly draw: string;
  readonly cases: readonly { readonly stdin: string; readonly stdout: string }[];
}

type Plain = number | string | boolean | readonly Plain[];

export const typed = (value: Plain): TypedValue => {
  if (typeof value === 'number') return { t: 'int', v: String(value) };
  if (typeof value === 'string') return { t: 'str', v: value };
  if (typeof value === 'boolean') return { t: 'bool', v: value };
  return { t: 'list', v: value.map(typed) };
};
