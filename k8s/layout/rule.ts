// What a rule is: a name, the code it is reported under, and a check that explains itself with the arithmetic.

import type { ProfileErrorCode } from '../../contracts/errors/profile.ts';
import type { Problem } from '../../contracts/errors.ts';
import type { AcceleratorSpec, ProfileSpec } from '../../contracts/profile.ts';

/** One refusal; `path` leads to the field whose change would most likely repair it. */
export interface Finding {
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  readonly hint: string;
}

export interface Rule<Name extends string = string> {
  readonly name: Name;
  readonly code: ProfileErrorCode;
  check(profile: ProfileSpec): readonly Finding[];
}

/** A problem with the rule that found it. */
export interface LayoutProblem extends Omit<Problem, 'code'> {
  readonly code: ProfileErrorCode;
  readonly rule: string;
}

/** Keeps the name's literal type, so that the names of all rules are a union. */
export const rule = <Name extends string>(
  name: Name,
  code: ProfileErrorCode,
  check: (profile: ProfileSpec) => readonly Finding[],
): Rule<Name> => ({ name, code, check });

/** One finding when the condition is broken, none when it holds. */
export const unless = (holds: boolean, finding: () => Finding): readonly Finding[] => (holds ? [] : [finding()]);

export const divides = (divisor: number, value: number): boolean => value % divisor === 0;

/** `1536 / 5 = 307.2` */
export const division = (value: number, divisor: number): string =>
  `${value} / ${divisor} = ${Number((value / divisor).toFixed(2))}`;

/** Divisors of a number up to a limit: what may be written instead. */
export const divisors = (value: number, most: number): string => {
  const found: number[] = [];
  for (let n = 1; n <= Math.min(value, most); n++) if (divides(n, value)) found.push(n);
  return found.length <= 8 ? found.join(', ') : `${found.slice(0, 3).join(', ')} … ${found.slice(-3).join(', ')}`;
};

export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** The node class of a role, or undefined where its name is wrong: that is a finding of its own. */
export const acceleratorOf = (profile: ProfileSpec, role: 'trainer' | 'rollout'): AcceleratorSpec | undefined =>
  Object.hasOwn(profile.accelerators, profile[role].accelerator)
    ? profile.accelerators[profile[role].accelerator]
    : undefined;
