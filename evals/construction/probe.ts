// Running the probe in the sandbox: what the real functions are, accept and return.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Sandbox, SandboxLimits } from '../../contracts/ports.ts';
import { testCase } from '../../contracts/task.ts';
import { PYTHON_ARGUMENTS } from '../verifiers/python-function/run.ts';

const LIMITS: SandboxLimits = {
  wallMs: 120_000,
  memoryBytes: 512 * 2 ** 20,
  diskBytes: 0,
  processes: 4,
  outputBytes: 32 * 2 ** 20,
};

const cases = z.strictObject({ family: z.string(), cases: z.array(testCase), examples: z.tuple([testCase, testCase]) });

/** `list`: the result is an iterator and is listed. `copy`: the function changes its first argument, and a copy of that is the result. */
const probedFunction = cases.extend({
  doc: z.string().min(1),
  kinds: z.array(z.string()).min(1),
  form: z.enum(['plain', 'list', 'copy']),
});
export type ProbedFunction = z.infer<typeof probedFunction>;
export type ProbedComposition = z.infer<typeof cases>;

const dropped = z.array(z.strictObject({ family: z.string(), reason: z.string() }));
const answer = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    python: z.string(),
    found: z.array(item),
    dropped,
    kin: z.array(z.tuple([z.string(), z.string()])),
  });

export interface Probed<T> {
  /** For example `CPython 3.11.2`. */
  readonly python: string;
  readonly found: readonly T[];
  readonly dropped: readonly { readonly family: string; readonly reason: string }[];
  readonly kin: readonly (readonly [string, string])[];
}

export interface FunctionsRequest {
  readonly modules: readonly string[];
  readonly only: readonly string[] | null;
  readonly exclude: readonly string[];
  /** Parameters of each function that the catalogue describes. */
  readonly described: Readonly<Record<string, readonly string[]>>;
  readonly never: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly cases: number;
}

export function probeFunctions(sandbox: Sandbox, request: FunctionsRequest): Promise<Probed<ProbedFunction>> {
  return twice(sandbox, { mode: 'functions', ...request }, answer(probedFunction));
}

export interface CompositionsRequest {
  readonly pairs: readonly { readonly inner: Part; readonly outer: Part }[];
  readonly seed: number;
  readonly cases: number;
}
type Part = Pick<ProbedFunction, 'family' | 'kinds' | 'form'>;

export function probeCompositions(sandbox: Sandbox, request: CompositionsRequest): Promise<Probed<ProbedComposition>> {
  return twice(sandbox, { mode: 'compositions', ...request }, answer(cases));
}

/** Two processes with different hash seeds; what they disagree about is flaky and dropped. */
async function twice<T extends { family: string }>(
  sandbox: Sandbox,
  request: object,
  schema: z.ZodType<Probed<T>>,
): Promise<Probed<T>> {
  const [first, second] = (await Promise.all([0, 1].map((hash) => once(sandbox, request, hash, schema)))) as [
    Probed<T>,
    Probed<T>,
  ];
  const again = new Map(second.found.map((item) => [item.family, canonicalJson(item)]));
  const steady = first.found.filter((item) => again.get(item.family) === canonicalJson(item));
  const known = new Set(steady.map((item) => item.family));
  const flaky = [...new Set([...first.found, ...second.found].map((item) => item.family))]
    .filter((family) => !known.has(family))
    .map((family) => ({ family, reason: 'flaky: two runs gave different results' }));
  const unsteady = new Set(flaky.map((item) => item.family));
  return {
    python: first.python,
    found: steady,
    dropped: [...first.dropped.filter((item) => !unsteady.has(item.family)), ...flaky],
    kin: first.kin.filter((pair) => pair.every((family) => known.has(family))),
  };
}

function probeFiles(): Record<string, string> {
  const names = ['probe.py', 'probe_cases.py', 'probe_inputs.py', 'probe_values.py'];
  return Object.fromEntries(names.map((name) => [name, readFileSync(new URL(`./${name}`, import.meta.url), 'utf8')]));
}

async function once<T>(
  sandbox: Sandbox,
  request: object,
  hashSeed: number,
  schema: z.ZodType<Probed<T>>,
): Promise<Probed<T>> {
  const result = await sandbox.run({
    argv: ['python3', ...PYTHON_ARGUMENTS, '/work/probe.py', String(hashSeed)],
    files: probeFiles(),
    stdin: JSON.stringify(request),
    limits: LIMITS,
  });
  const why = result.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  if (result.how !== 'exited' || result.exitCode !== 0)
    throw new AnnealError('tasks.source_failed', `the standard library could not be read (${result.how}): ${why}`);
  try {
    return schema.parse(JSON.parse(result.stdout));
  } catch (cause) {
    throw new AnnealError('tasks.source_failed', 'the probe of the standard library gave an unreadable answer', {
      cause,
    });
  }
}
