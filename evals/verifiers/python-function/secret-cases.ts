// Further cases of a task that follow from the grader's secret: inputs put together from those of the task's own cases, so that they
// lie where the task's inputs lie, and what the reference gives for them.
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import type { Sandbox } from '../../../contracts/ports.ts';
import type { Task, TestCase, TypedValue } from '../../../contracts/task.ts';
import { createRandom, type Random } from '../../../policies/random.ts';
import { runCandidates } from './run.ts';

/** As many again as a task has. */
const MOST = 8;
/** Inputs that turn out to be known already, or that the reference raises on, are drawn again, so often in all. */
const DRAWS = 4 * MOST;

/**
 * Cases that are not among the task's own. Fewer than eight where the inputs leave no more; none for a function without parameters.
 * @throws AnnealError `verifier.failed` without a secret; `sandbox.*`
 */
export async function secretCases(of: {
  readonly task: Task;
  readonly sandbox: Sandbox;
  readonly secret?: string | undefined;
}): Promise<TestCase[]> {
  const { task, sandbox, secret } = of;
  if (secret === undefined) throw new AnnealError('verifier.failed', 'secret inputs need a secret, and there is none');
  const seed = createHash('sha256').update(`${secret}\n${task.id}`).digest('hex');
  const inputs = drawInputs(task, createRandom('secret-cases', seed));
  const candidate = { source: task.gold, entry: task.entrypoint.name, cases: inputs };
  const [reference] = await runCandidates(sandbox, [candidate]);
  return inputs
    .flatMap((args, index): TestCase[] => {
      const seen = reference?.seen[index];
      // The instruction never mentions exceptions, so that no case may expect one.
      return seen?.how === 'value' && seen.value.t !== 'error' ? [{ args: [...args], expected: seen.value }] : [];
    })
    .slice(0, MOST);
}

function drawInputs({ cases }: Task, random: Random): TypedValue[][] {
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

function intBetween(a: bigint, b: bigint, random: Random): string {
  const [low, high] = a < b ? [a, b] : [b, a];
  const span = high - low + 1n;
  const step = span > 2n ** 32n ? span / 2n ** 32n : 1n;
  const steps = Number(span / step > 2n ** 32n ? 2n ** 32n : span / step);
  return String(low + step * BigInt(random.below(steps)));
}

/** As Python writes it, where that is plain. */
function floatBetween(one: string, other: string, random: Random): string {
  const value = Number(one) + ((Number(other) - Number(one)) * random.below(9)) / 8;
  if (!Number.isFinite(value) || Math.abs(value) >= 1e15 || (value !== 0 && Math.abs(value) < 1e-4)) return one;
  return Number.isInteger(value) ? `${value}.0` : `${value}`;
}

/** The beginning of one and the end of another, neither longer than the longer of both. */
function spliced<T>(one: readonly T[], other: readonly T[], random: Random): T[] {
  const longest = Math.max(one.length, other.length);
  const head = one.slice(0, random.below(one.length + 1));
  const tail = other.slice(random.below(other.length + 1));
  const joined = [...head, ...tail].slice(0, longest);
  // An empty one only where an empty one was seen: many functions are not defined for it.
  return joined.length === 0 ? [...one] : joined;
}
