// What a task of the format `program` says to its grader. Nothing of it enters a candidate's sandbox but the inputs, one at a time.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import { testCase } from '../../../contracts/task.ts';

export const LANGUAGES = ['python', 'javascript'] as const;
export const language = z.enum(LANGUAGES);
export type LanguageName = z.infer<typeof language>;

/** How a program's output is held against the expected one (compare.ts). */
export const comparison = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('exact') }),
  z.strictObject({ how: z.literal('tokens') }),
  z.strictObject({
    how: z.literal('floats'),
    absolute: z.number().nonnegative(),
    relative: z.number().nonnegative(),
  }),
  z.strictObject({ how: z.literal('sorted-lines') }),
]);
export type Comparison = z.infer<typeof comparison>;

const helper = z.strictObject({ language, source: z.string().min(1) });

const generated = z.strictObject({ generator: helper, reference: helper, count: z.int().min(1).max(50) });
/** Up to eight, put together from the rows of the function's own cases as those of python-function@3 are; a reference that raises on one leaves it out. */
const fromRows = z.strictObject({
  drawn: z.literal('rows'),
  reference: z.strictObject({ language: z.literal('python'), source: z.string().min(1) }),
});

const common = {
  language,
  /** The deliverable that is run; the other deliverables lie beside it. */
  file: relativePath,
  /**
   * Inputs that nobody saw before: the generator reads `{"seed": "…", "count": n}` on standard input and prints a JSON array of n
   * inputs (texts, or lists of typed arguments); what the reference makes of them is expected of the candidate. Without them a
   * program that knows the fixed cases by heart is as good as one that solves the task.
   */
  secretInputs: generated.nullable(),
  /** all: 1 or 0. share: the smaller one of the shares of fixed and of secret inputs, so that what is known by heart earns nothing. */
  credit: z.enum(['all', 'share']).default('all'),
  /** Processor time of one case; the wall clock is three times as generous, and a little more. Functions in Python have the limits of python-function. */
  seconds: z.number().positive().max(60).default(10),
};

export const programCheck = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('stdio'),
    ...common,
    cases: z.array(z.strictObject({ stdin: z.string(), stdout: z.string() })).min(1),
    compare: comparison,
  }),
  z.strictObject({
    kind: z.literal('function'),
    ...common,
    entry: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name'),
    cases: z.array(testCase).min(1),
    secretInputs: z.union([generated, fromRows]).nullable(),
  }),
]);
export type ProgramCheck = z.infer<typeof programCheck>;
