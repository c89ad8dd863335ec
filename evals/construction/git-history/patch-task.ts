// A task of the format `patch` from a tree, a repair and the tests that tell whether it was made.
import type { ArtifactRef, ArtifactStore } from '../../../contracts/artifact.ts';
import type { ArtifactTask } from '../../../contracts/artifact-task.ts';
import { taskId } from '../../../contracts/ids.ts';
import { createRandom } from '../../../policies/random.ts';
import { kindOf } from '../../repository-tests/classify.ts';
import type { Environment, Outcomes } from '../../repository-tests/environment.ts';
import { type Artifact, textOf } from '../../verifiers/artifact.ts';
import { type FixCheck, type Flip, PATCH_FILE } from '../../verifiers/patch/check.ts';
import { chosenTwins, isBelievableIn, RECOGNISABLE, recognisable } from '../../verifiers/patch/choose-twins.ts';
import { proposeFlips } from '../../verifiers/patch/flips.ts';
import { fileOf, RUNNERS } from '../../verifiers/patch/runners.ts';
import { runTrials, type Trial, type Tried } from '../../verifiers/patch/trials.ts';
import { canaryOf, type Drafted, type Workbench } from '../source.ts';

export interface PatchTask {
  readonly id: string;
  readonly family: string;
  readonly statement: string;
  /** What the policy is given: the tree before the repair. */
  readonly given: Artifact;
  /** Whose tests judge: the tree after it. */
  readonly after: Artifact;
  readonly repair: string;
  readonly environment: Environment;
  /** The root file system that its tests run on; null: the machine's own programs. */
  readonly root: ArtifactRef | null;
  /** Of the given sources with the tests of `after`, and of `after` itself. */
  readonly before: Outcomes;
  readonly since: Outcomes;
  readonly licence: string;
  readonly repository: string;
  readonly parents: readonly string[];
}

/** How many tests one task is judged by; more make it slow, not surer. */
export interface TestBounds {
  readonly failToPass: number;
  readonly passToPass: number;
}

const CLOSING = `Hand in ${PATCH_FILE}: one unified diff against the given files, with paths that begin with a/ and b/. Tests judge it, some of them not among the given files. Files that decide how tests run may not be changed.`;
const PATCH_BYTES = 1 << 20;
const SECONDS_PER_TEST = 20;
/** Impossible twins that are tried for a test, and tests beside the failing ones that get some. */
const [PROPOSALS_A_TEST, TESTS_WITH_TWINS] = [8, 8];
const TWINS_A_TEST = 6;

/** @throws AnnealError `sandbox.*`, `verifier.failed`: nothing is known of the task then */
export async function patchTask(
  of: PatchTask,
  bench: Workbench,
  bounds: TestBounds,
): Promise<Drafted | { readonly why: readonly string[] }> {
  const chosen = chooseTests(of, bench.seed, bounds);
  if ('why' in chosen) return chosen;
  const { runner, sources } = of.environment;
  const check: FixCheck = {
    ...{ kind: 'fix', runner, sources: [...sources], tests: testTexts(of.after), secondsPerTest: SECONDS_PER_TEST },
    ...{ failToPass: chosen.failToPass, passToPass: chosen.passToPass, flips: [], protected: [], allowed: [] },
  };
  const proven = await prove(check, of, bench);
  if ('why' in proven) return proven;
  const id = taskId.parse(of.id);
  const task: ArtifactTask = {
    schema: 'anneal/artifact-task/v1',
    ...{ id, family: of.family, capability: `swe/${RUNNERS[runner].language}`, format: 'patch' },
    instruction: `${of.statement}\n\n${CLOSING}`,
    verifier: { name: 'patch', version: 1 },
    deliverables: [{ path: PATCH_FILE, maxBytes: PATCH_BYTES, required: true }],
    given: await stored(of.given, bench.store),
    environment: of.root,
    check: JSON.parse(JSON.stringify({ ...check, flips: proven.flips })),
    gold: { [PATCH_FILE]: await bench.store.put(of.repair) },
    baselineSeconds: null,
    canary: canaryOf(bench.seed, id),
    source: { kind: 'git-history', name: of.repository, licence: of.licence },
  };
  return { task, substance: `${of.statement}\n${changedLines(of.repair).join('\n')}`, parents: of.parents };
}

/** Tests that turn and could be made impossible, and some of those that pass in both trees. */
function chooseTests(
  of: PatchTask,
  seed: number,
  bounds: TestBounds,
): { readonly failToPass: string[]; readonly passToPass: string[] } | { readonly why: readonly string[] } {
  const tests = testTexts(of.after);
  /** A test that is given whole shows every value that it expects. */
  const shown = (id: string): boolean => textOf(of.given.get(fileOf(id)) ?? new Uint8Array()) === tests[fileOf(id)];
  const passing = [...of.since].flatMap(([id, passed]) => (passed ? [id] : [])).sort();
  const turned = passing.filter((id) => of.before.get(id) !== true && !shown(id));
  const { runner } = of.environment;
  const provable = turned.filter((id) =>
    proposals(id, of, seed).some((flip) => isBelievableIn({ runner, tests }, flip)),
  );
  if (turned.length === 0) return { why: ['no test fails before and passes after'] };
  if (provable.length === 0)
    return {
      why: [`of ${turned.length} tests that turn none compares with a written value that another could pass for`],
    };
  const steady = createRandom('pass to pass', seed, of.id).shuffle(passing.filter((id) => of.before.get(id) === true));
  return { failToPass: provable.slice(0, bounds.failToPass), passToPass: steady.slice(0, bounds.passToPass).sort() };
}

const proposals = (id: string, { after, environment }: PatchTask, seed: number): Flip[] => {
  const text = textOf(after.get(fileOf(id)) ?? new Uint8Array()) ?? '';
  return proposeFlips(RUNNERS[environment.runner].language, id, text, createRandom('twins', seed, id));
};

/**
 * One test a process, as the verifier will run them: what only passes or fails beside others is no test of this task, and neither is one
 * whose impossible twins the repaired tree passes.
 */
async function prove(
  check: FixCheck,
  of: PatchTask,
  { instruments, seed }: Workbench,
): Promise<{ readonly flips: Flip[] } | { readonly why: readonly string[] }> {
  const run = async (repository: Artifact, trials: readonly Trial[], purpose: string): Promise<readonly Tried[]> =>
    (await runTrials({ check, repository, trials, instruments, purpose, ours: true })).tried;
  const { failToPass, passToPass } = check;
  const ids = [...failToPass, ...passToPass];
  const before = await run(
    of.given,
    ids.map((id) => ({ id })),
    'before',
  );
  const twins = [...failToPass, ...passToPass.slice(0, TESTS_WITH_TWINS)].flatMap((id) =>
    proposals(id, of, seed).slice(0, PROPOSALS_A_TEST),
  );
  const tried = await run(
    of.after,
    twins.map((twin) => ({ id: twin.test, twin })),
    'twins',
  );
  const failing = tried.flatMap(({ twin, outcome }) => (outcome === 'failed' ? [twin] : []));
  // In their own order: that of running follows from the secret.
  const proven = twins.filter((twin) => failing.includes(twin));
  const flips = ids.flatMap((id) =>
    chosenTwins(
      check,
      proven.filter(({ test }) => test === id),
      TWINS_A_TEST,
    ),
  );
  const why = [
    ...before.flatMap(({ id, outcome }) => {
      if (failToPass.includes(id)) return outcome === 'passed' ? [`${id} passes before`] : [];
      return outcome === 'passed' ? [] : [`${id} does not pass before when it is run alone`];
    }),
    ...recognisable({ ...check, flips }, failToPass).map((id) => `${id} ${RECOGNISABLE}`),
  ];
  return why.length > 0 ? { why: why.sort() } : { flips };
}

/** Tests, what they read and what they import: whatever of it is text is put back over what a patch did. */
export const testTexts = (tree: Artifact): Record<string, string> =>
  Object.fromEntries(
    [...tree].flatMap(([path, bytes]) => {
      const text = kindOf(path) === 'test' ? textOf(bytes) : undefined;
      return text === undefined ? [] : [[path, text]];
    }),
  );

export const changedLines = (diff: string): string[] =>
  diff
    .split('\n')
    .filter((line) => /^[+-](?![+-]{2} )/.test(line))
    .map((line) => line.slice(1));

async function stored(tree: Artifact, store: Pick<ArtifactStore, 'put'>): Promise<ArtifactTask['given']> {
  const entries: [string, Awaited<ReturnType<ArtifactStore['put']>>][] = [];
  for (const [path, bytes] of tree) entries.push([path, await store.put(bytes)]);
  return Object.fromEntries(entries);
}
