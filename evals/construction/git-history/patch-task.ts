// A task of the format `patch` from a tree, a repair and the tests that tell whether it was made.
import type { ArtifactStore } from '../../../contracts/artifact.ts';
import type { ArtifactTask } from '../../../contracts/artifact-task.ts';
import { taskId } from '../../../contracts/ids.ts';
import { createRandom } from '../../../policies/random.ts';
import { type Artifact, textOf } from '../../verifiers/artifact.ts';
import { certifyPatchTask } from '../../verifiers/patch/certify.ts';
import { PATCH_FILE, patchCheck } from '../../verifiers/patch/check.ts';
import { proposeFlips } from '../../verifiers/patch/flips.ts';
import { fileOf, RUNNERS } from '../../verifiers/patch/runners.ts';
import { canaryOf, type Drafted, type Workbench } from '../source.ts';
import { kindOf } from './classify.ts';
import type { Environment, Outcomes } from './environment.ts';

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

/** @throws AnnealError `sandbox.*`, `verifier.failed`: nothing is known of the task then */
export async function patchTask(
  of: PatchTask,
  bench: Workbench,
  bounds: TestBounds,
): Promise<Drafted | { readonly why: readonly string[] }> {
  const { environment, before, since } = of;
  const { language } = RUNNERS[environment.runner];
  const tests = testTexts(of.after);
  /** A test that is given whole shows every value that it expects. */
  const shown = (id: string): boolean => textOf(of.given.get(fileOf(id)) ?? new Uint8Array()) === tests[fileOf(id)];
  const provable = (id: string): boolean =>
    proposeFlips(language, id, tests[fileOf(id)] ?? '', createRandom('provable', id)).length > 0;
  const turned = [...since].filter(([id, passed]) => passed && before.get(id) !== true && !shown(id)).map(([id]) => id);
  const failToPass = turned.filter(provable).sort().slice(0, bounds.failToPass);
  if (turned.length === 0) return { why: ['no test fails before and passes after'] };
  if (failToPass.length === 0)
    return { why: [`of ${turned.length} tests that turn none compares with a value that could be made impossible`] };
  const steady = [...since].filter(([id, passed]) => passed && before.get(id) === true).map(([id]) => id);
  const random = createRandom('pass to pass', bench.seed, of.id);
  const passToPass = random.shuffle(steady.sort()).slice(0, bounds.passToPass).sort();

  const { check, kept, reasons } = await certifyPatchTask({
    check: patchCheck.parse({
      kind: 'fix',
      runner: environment.runner,
      sources: environment.sources,
      tests,
      secondsPerTest: SECONDS_PER_TEST,
      ...{ failToPass, passToPass, flips: [] },
    }),
    given: of.given,
    gold: of.repair,
    instruments: bench.instruments,
    seed: bench.seed,
    reruns: 1,
  });
  if (!kept) return { why: reasons };
  const id = taskId.parse(of.id);
  const task: ArtifactTask = {
    schema: 'anneal/artifact-task/v1',
    ...{ id, family: of.family, capability: `swe/${language}`, format: 'patch' as const },
    instruction: `${of.statement}\n\n${CLOSING}`,
    verifier: { name: 'patch', version: 1 },
    deliverables: [{ path: PATCH_FILE, maxBytes: PATCH_BYTES, required: true }],
    given: await stored(of.given, bench.store),
    environment: null,
    check: JSON.parse(JSON.stringify(check)),
    gold: { [PATCH_FILE]: await bench.store.put(of.repair) },
    baselineSeconds: null,
    canary: canaryOf(bench.seed, id),
    source: { kind: 'git-history', name: of.repository, licence: of.licence },
  };
  return { task, substance: `${of.statement}\n${changedLines(of.repair).join('\n')}`, parents: of.parents };
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
