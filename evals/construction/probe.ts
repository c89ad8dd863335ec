// Running the probe in the sandbox: what the real functions are, accept and return.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Sandbox, SandboxLimits, SandboxResult } from '../../contracts/ports.ts';
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

/** What a line of the probe's standard error begins with that tells what it is at. */
const PROBING = 'probing ';

/**
 * Processor time for one function or composition, tens of times what the slowest needs: what is dropped must not depend on the
 * machine, so sizes decide (probe_limits.py), and this only ends what they did not foresee.
 */
const SECONDS = 20;

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
  return twice(sandbox, { mode: 'functions', seconds: SECONDS, ...request }, answer(probedFunction));
}

export interface CompositionsRequest {
  readonly pairs: readonly { readonly inner: Part; readonly outer: Part }[];
  readonly seed: number;
  readonly cases: number;
  /** Processor time for each composition. */
  readonly seconds?: number;
}
type Part = Pick<ProbedFunction, 'family' | 'kinds' | 'form'>;

export function probeCompositions(sandbox: Sandbox, request: CompositionsRequest): Promise<Probed<ProbedComposition>> {
  return twice(sandbox, { mode: 'compositions', seconds: SECONDS, ...request }, answer(cases));
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
  const names = ['probe.py', 'probe_cases.py', 'probe_inputs.py', 'probe_limits.py', 'probe_values.py'];
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
  if (result.how !== 'exited' || result.exitCode !== 0)
    throw new AnnealError('tasks.source_failed', `the standard library could not be read (${ending(result)})`);
  try {
    return schema.parse(JSON.parse(result.stdout));
  } catch (cause) {
    throw new AnnealError('tasks.source_failed', 'the probe of the standard library gave an unreadable answer', {
      cause,
    });
  }
}

/** How the probe ended, at what, and the last line that it said about it: `timeout while probing math.prod+math.factorial`. */
function ending({ how, stderr }: SandboxResult): string {
  const lines = stderr.trim().split('\n');
  const at = lines.findLast((line) => line.startsWith(PROBING)) ?? `${PROBING}nothing yet`;
  const said = lines.at(-1) ?? '';
  return `${how} while ${at}`.concat(said === '' || said === at ? '' : `: ${said.slice(0, 300)}`);
}
