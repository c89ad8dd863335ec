// Certification: a task that its own reference cannot solve, or that an empty answer can, is no task.
import { isDeepStrictEqual } from 'node:util';
import type { Sandbox } from '../../contracts/ports.ts';
import type { TestCase } from '../../contracts/task.ts';
import { createRandom } from '../../policies/random.ts';
import { judge } from '../verifiers/python-function/grade.ts';
import { type Candidate, runCandidates } from '../verifiers/python-function/run.ts';
import { pythonLiteral } from '../verifiers/python-function/values.ts';

/** What a certificate is about: phrasings of one function share it, for the instruction takes no part in judging. */
export interface Unit {
  readonly family: string;
  readonly entry: string;
  readonly parameters: readonly string[];
  readonly gold: string;
  readonly cases: readonly TestCase[];
}

/** Units to a sandbox: enough to spread its start over, few enough for two cores and frequent progress. */
const BATCH = 8;

/**
 * Runs, by the verifier's own path, the reference and four answers that must fail: a function that does nothing, an empty
 * file, a constant drawn from the expected results, and the first argument.
 * @param onUnit called as units are done
 * @returns the reason why a unit is refused, by family; absent when it is certified
 */
export async function certify(
  sandbox: Sandbox,
  units: readonly Unit[],
  options: {
    readonly seed: number;
    readonly signal?: AbortSignal | undefined;
    readonly onUnit?: (count: number) => void;
  },
): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  const batches = chunks(units, BATCH);
  const workers = Array.from({ length: 4 }, async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      options.signal?.throwIfAborted();
      for (const [family, reason] of await certifyBatch(sandbox, batch, options.seed)) refused.set(family, reason);
      options.onUnit?.(batch.length);
    }
  });
  await Promise.all(workers);
  return refused;
}

async function certifyBatch(sandbox: Sandbox, batch: readonly Unit[], seed: number): Promise<[string, string][]> {
  const trials = batch.flatMap((unit) => answers(unit, seed).map((answer) => ({ unit, ...answer })));
  const passed = await passing(sandbox, trials);
  // An answer that fails on some cases fails; only one that got through them has to see the others.
  const doubtful = trials.filter((trial, index) => trial.name !== 'gold' && passed[index]);
  const whole = await passing(
    sandbox,
    doubtful.map((trial) => ({ ...trial, cases: trial.unit.cases })),
  );
  return [
    ...trials
      .filter((trial, index) => trial.name === 'gold' && !passed[index])
      .map(({ unit }): [string, string] => [unit.family, 'the reference solution does not pass its own cases']),
    ...doubtful
      .filter((_trial, index) => whole[index])
      .map(({ unit, name }): [string, string] => [unit.family, `${name} passes every case`]),
  ];
}

interface Trial {
  readonly unit: Unit;
  readonly name: string;
  readonly source: string;
  readonly cases: readonly TestCase[];
}

async function passing(sandbox: Sandbox, trials: readonly Trial[]): Promise<boolean[]> {
  if (trials.length === 0) return [];
  const candidates = trials.map(
    ({ unit, source, cases }): Candidate => ({ source, entry: unit.entry, cases: cases.map((item) => item.args) }),
  );
  const runs = await runCandidates(sandbox, candidates);
  return trials.map(({ cases }, index) => judge({ cases: [...cases] }, runs[index]!).every(Boolean));
}

function answers(unit: Unit, seed: number): Omit<Trial, 'unit'>[] {
  const head = `def ${unit.entry}(${unit.parameters.join(', ')}):\n`;
  const results = unit.cases.map((item) => item.expected).filter((value) => value.t !== 'error');
  const constant = results[createRandom('constant', seed, unit.family).below(Math.max(1, results.length))];
  const some = [unit.cases[0]!, unit.cases.find((item) => !isDeepStrictEqual(item.expected, unit.cases[0]!.expected))];
  const cases = some.filter((item) => item !== undefined);
  return [
    { name: 'gold', source: unit.gold, cases: unit.cases },
    { name: 'a function that does nothing', source: `${head}    pass\n`, cases: cases.slice(0, 1) },
    { name: 'an empty file', source: '', cases: cases.slice(0, 1) },
    {
      name: 'a constant',
      source: `${head}    return ${constant === undefined ? 'None' : pythonLiteral(constant)}\n`,
      cases,
    },
    { name: 'the first argument', source: `${head}    return ${unit.parameters[0] ?? 'None'}\n`, cases },
  ];
}

/** Visible examples must not give a hidden case away. */
export function showsHidden(cases: readonly TestCase[], examples: readonly TestCase[]): boolean {
  return examples.some((example) => cases.some((hidden) => isDeepStrictEqual(hidden.args, example.args)));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
