// What the tests say of a change, by running them before and after it, with its own tests and with those that were there. A test runs in
// one process with the code that it tests, so code that sets out to can lie to it: that is for the review and for whoever approves.
import type { ArtifactRef } from '../../contracts/artifact.ts';
import type { ChangeOutcome, CheckedChange } from '../../contracts/change.ts';
import {
  type Environment,
  findEnvironment,
  type Outcomes,
  type Screening,
  screen,
  testFiles,
} from '../repository-tests/environment.ts';
import type { Artifact } from '../verifiers/artifact.ts';
import { instrumentsOn } from '../verifiers/environment.ts';
import { fileOf } from '../verifiers/patch/runners.ts';
import type { Instruments } from '../verifiers/verifier.ts';
import { EndedByCandidate } from '../workspace/charged.ts';
import { type Compared, compared } from './compare.ts';
import { isUnlike, treesOf } from './trees.ts';

export interface ChangeToCheck {
  /** The files of the base, and as the change leaves them. */
  readonly before: Artifact;
  readonly after: Artifact;
  readonly instruments: Instruments;
  /** The root file system that the tests run on; null: the machine's own programs. */
  readonly root?: ArtifactRef | null;
  /** Wall clock of one file of tests, milliseconds. */
  readonly fileMs?: number;
  readonly signal?: AbortSignal;
}

/** A file that hangs costs its whole time, in each of the trees. */
const MOST_HANGS = 4;

/** @throws AnnealError `sandbox.*`, `environment.unusable`, `verifier.failed`: the machine is at fault, and nothing is known */
export async function checkChange(input: ChangeToCheck): Promise<ChangeOutcome> {
  const from = performance.now();
  try {
    const found = await runnable(input);
    if ('how' in found) return found;
    const ran = await run(input, found.environment);
    if ('how' in ran) return ran;
    const check: CheckedChange = {
      runner: found.environment.runner,
      ...ran.check,
      seconds: Math.round(performance.now() - from) / 1_000,
    };
    return { how: 'checked', check };
  } catch (failure) {
    if (failure instanceof EndedByCandidate) return { how: 'ends-driver', why: failure.message };
    throw failure;
  }
}

type Stopped = Exclude<ChangeOutcome, { how: 'checked' }>;

const instrumentsOf = ({ instruments, root }: ChangeToCheck): Instruments => instrumentsOn(instruments, root ?? null);
const optionsOf = ({ fileMs, signal }: ChangeToCheck) => ({
  mostHangs: MOST_HANGS,
  ...(fileMs === undefined ? {} : { fileMs }),
  ...(signal === undefined ? {} : { signal }),
});

/** By the tests that were there, where any run; by those that come, where none did. Folders of sources of both. */
async function runnable(input: ChangeToCheck): Promise<{ readonly environment: Environment } | Stopped> {
  const find = (tree: Artifact) => findEnvironment(tree, instrumentsOf(input), optionsOf(input));
  const before = await find(input.before);
  const after = await find(input.after);
  const [there, comes] = [before, after].map((one) => ('environment' in one ? one.environment : undefined));
  const environment = there ?? comes;
  if (environment !== undefined) {
    const sources = [...new Set([...environment.sources, ...(comes?.sources ?? [])])];
    return { environment: { ...environment, sources } };
  }
  for (const [when, one] of [['before', before] as const, ['after', after] as const])
    if ('why' in one && (one.hangs?.length ?? 0) > 0) return { how: 'hangs', when, files: [...one.hangs!] };
  const why = [before, after].flatMap((one) => ('why' in one ? one.why : []));
  return { how: 'untested', why: [...new Set(why)] };
}

async function run(
  input: ChangeToCheck,
  environment: Environment,
): Promise<{ readonly check: Omit<CheckedChange, 'runner' | 'seconds'> } | Stopped> {
  const trees = treesOf(input.before, input.after);
  const own = testFiles(input.after).filter((path) => isUnlike(input.before, input.after, path));
  const all = async (only?: ReadonlySet<string>): Promise<Compared | Stopped> => {
    const outcomes: Partial<Record<keyof typeof trees, Outcomes>> = {};
    for (const name of ['before', 'beforeWithItsTests', 'after', 'afterWithTheirTests'] as const) {
      const options = { ...optionsOf(input), ...(only === undefined ? {} : { only }) };
      const screening: Screening = await screen(trees[name], environment, instrumentsOf(input), options);
      if (screening.hangs.length >= MOST_HANGS)
        return { how: 'hangs', when: whenOf(name), files: [...screening.hangs] };
      outcomes[name] = screening.outcomes;
    }
    return outcomes as Compared;
  };
  const first = await all();
  if ('how' in first) return first;
  const once = compared(first, own);
  const differing = new Set(
    [...once.failToPass, ...once.broken, ...once.failing].map((id) => (id.includes('::') ? fileOf(id) : id)),
  );
  if (differing.size === 0) return { check: once };
  const second = await all(differing);
  if ('how' in second) return second;
  return { check: compared(first, own, { outcomes: second, files: differing }) };
}

const whenOf = (name: string): 'before' | 'after' => (name.startsWith('before') ? 'before' : 'after');
