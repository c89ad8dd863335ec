// Further cases of a task that follow from the grader's secret: inputs put together from those of the task's own cases, so that they
// lie where the task's inputs lie, and what the reference gives for them.
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import type { Sandbox } from '../../../contracts/ports.ts';
import type { Task, TestCase, TypedValue } from '../../../contracts/task.ts';
import { createRandom, type Random } from '../../../policies/random.ts';
import { floatBetween, intBetween, spliced } from './between.ts';
import type { Input } from './observed.ts';
import { kindsOf } from './observed-values.ts';
import { runCandidates, type Seen } from './run.ts';
import { drawRows } from './secret-rows.ts';

/** As many again as a task has. */
const MOST = 8;
/** Inputs that turn out to be known already, or that the reference raises on, are drawn again, so often in all. */
const DRAWS = 4 * MOST;
/** A machine with much to do may stop a reference that is as quick as any. */
const TRIALS = 3;

interface Of {
  readonly task: Pick<Task, 'cases' | 'gold'> & {
    readonly id: string;
    readonly entrypoint: Pick<Task['entrypoint'], 'name'>;
  };
  readonly sandbox: Sandbox;
  readonly secret?: string | undefined;
}

/**
 * Cases that are not among the task's own. Fewer than eight where the inputs leave no more; none for a function without parameters.
 * @throws AnnealError `verifier.failed` without a secret; `sandbox.*`
 */
export async function secretCases(of: Of): Promise<TestCase[]> {
  const inputs = drawInputs(of.task, randomOf('secret-cases', of));
  return answered(inputs, await referenceOn(of, inputs));
}

/**
 * As above, drawn row by row and within what all inputs of the task have in common (secret-rows.ts).
 * @throws AnnealError `verifier.failed` also where the reference was stopped each time: with fewer inputs another verdict could come of it
 */
export async function secretRowCases(of: Of): Promise<TestCase[]> {
  const inputs = drawRows(
    of.task.cases.map(({ args }) => args),
    { wanted: 2 * MOST, random: randomOf('secret-rows', of) },
  );
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const seen = await referenceOn(of, inputs);
    if (seen.every(({ how }) => how !== 'stopped' && how !== 'skipped'))
      return answered(inputs, alikeIn(of.task.cases, seen));
  }
  throw new AnnealError('verifier.failed', `the reference of ${of.task.id} was stopped at a secret input`);
}

function randomOf(what: string, { task, secret }: Of): Random {
  if (secret === undefined) throw new AnnealError('verifier.failed', 'secret inputs need a secret, and there is none');
  return createRandom(what, createHash('sha256').update(`${secret}\n${task.id}`).digest('hex'));
}

async function referenceOn({ task, sandbox }: Of, inputs: readonly Input[]): Promise<readonly Seen[]> {
  const candidate = { source: task.gold, entry: task.entrypoint.name, cases: inputs };
  const [reference] = await runCandidates(sandbox, [candidate]);
  return reference!.seen;
}

/**
 * What is promised of inputs and not seen in them may be broken by a drawn one, and the reference gives something all the same. An answer of a
 * kind that none of the task's own is says so: nothing where there was always something, below 0 where nothing was, another type.
 */
function alikeIn(cases: readonly TestCase[], seen: readonly Seen[]): Seen[] {
  const known = new Set(cases.flatMap(({ expected }) => kindsOf(expected)));
  const isAlike = (one: Seen) => one.how !== 'value' || kindsOf(one.value).every((kind) => known.has(kind));
  return seen.map((one) => (isAlike(one) ? one : { how: 'value', value: { t: 'error', v: 'another kind' } }));
}

function answered(inputs: readonly Input[], seen: readonly Seen[]): TestCase[] {
  return inputs
    .flatMap((args, index): TestCase[] => {
      const one = seen[index]!;
      // The instruction never mentions exceptions, so that no case may expect one.
      return one.how === 'value' && one.value.t !== 'error' ? [{ args: [...args], expected: one.value }] : [];
    })
    .slice(0, MOST);
}

function drawInputs({ cases }: Pick<Task, 'cases'>, random: Random): TypedValue[][] {
  const known = new Set(cases.map(({ args }) => canonicalJson(args)));
  const drawn: TypedValue[][] = [];
  for (let draw = 0; draw < DRAWS && drawn.length < 2 * MOST; draw += 1) {
    const args = (cases[0]?.args ?? []).map((_, position) => {
      const seen = cases.map((item) => item.args[position]).filter((value) => value !== undefined);
      return between(seen, random);
    });
    const text = canonicalJson(args);
    if (known.has(text)) continue;
    known.add(text);
    drawn.push(args);
  }
  return drawn;
}

/** A value of the kind of those that were seen in one place, within what they span. */
function between(seen: readonly TypedValue[], random: Random): TypedValue {
  const one = seen[random.below(seen.length)]!;
  const alike = seen.filter((value) => value.t === one.t);
  const other = alike[random.below(alike.length)]!;
  if (one.t === 'int' && other.t === 'int') return { t: 'int', v: intBetween(BigInt(one.v), BigInt(other.v), random) };
  if (one.t === 'float' && other.t === 'float') return { t: 'float', v: floatBetween(one.v, other.v, random) };
  if (one.t === 'str' && other.t === 'str') return { t: 'str', v: spliced([...one.v], [...other.v], random).join('') };
  // A matrix keeps its shape: only flat lists change their length.
  if (one.t === 'list' && other.t === 'list' && [...one.v, ...other.v].every(isFlat))
    return { t: 'list', v: spliced(one.v, other.v, random) };
  return one;
}

const isFlat = ({ t }: TypedValue): boolean => t !== 'list' && t !== 'tuple';
