// Making a patch task fit to be asked: its impossible twins are found and tried on the golden patch, and what nobody worked for must
// not be rewarded. Nothing is thrown for a task that is no good; every reason is told.
import { z } from 'zod';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { createRandom } from '../../../policies/random.ts';
import { composeReward } from '../../../policies/reward-composition.ts';
import { type Artifact, artifactOf, textOf } from '../artifact.ts';
import type { Found, Instruments } from '../verifier.ts';
import { applyChanges } from './apply.ts';
import { type Flip, PATCH_FILE, type PatchCheck } from './check.ts';
import { chosenTwins, RECOGNISABLE, recognisable } from './choose-twins.ts';
import { PatchProblem, parseDiff } from './diff.ts';
import { proposeFlips } from './flips.ts';
import { patch } from './patch.ts';
import { BY_ITS_WORDS, isRewritable } from './rewrites.ts';
import { fileOf, RUNNERS } from './runners.ts';
import { runTrials, type Tried } from './trials.ts';
import { unitReasons } from './units.ts';

export interface PatchCertificate {
  /** With the impossible twins that were found. */
  readonly check: PatchCheck;
  readonly kept: boolean;
  readonly reasons: readonly string[];
}

const TWINS_A_TEST = 6;
const PROPOSALS_A_TEST = 12;
/** Tests that passed before get twins up to this many: a judgement uses a few of them only. */
const TESTS_WITH_TWINS = 16;
const DRAWS_OF_WORDS = 3;
const NO_SHARES = { process: 0, speed: 0 };

/**
 * @param check its flips are made anew
 * @throws AnnealError `sandbox.*`, `verifier.failed`: nothing is known of the task then
 */
export async function certifyPatchTask(input: {
  readonly check: PatchCheck;
  readonly given: Artifact;
  /** The golden patch. */
  readonly gold: string;
  readonly instruments: Instruments;
  readonly seed: number;
  readonly reruns?: number;
}): Promise<PatchCertificate> {
  const { given, gold, instruments, seed } = input;
  const reasons: string[] = [];
  let repository: Artifact;
  try {
    repository = applyChanges(given, parseDiff(gold));
  } catch (problem) {
    if (!(problem instanceof PatchProblem)) throw problem;
    return { check: input.check, kept: false, reasons: [`the golden patch does not apply: ${problem.message}`] };
  }
  const run = async (files: Artifact, ids: readonly string[], why: string): Promise<readonly Tried[]> => {
    const trials = ids.map((id) => ({ id }));
    const of = { check: input.check, repository: files, trials, instruments, purpose: `certify ${why}` };
    return (await runTrials({ ...of, ours: true })).tried;
  };
  let check = input.check;
  if (check.kind === 'fix') {
    for (const path of new Set(check.failToPass.map(fileOf))) {
      const shown = textOf(given.get(path) ?? new Uint8Array());
      if (shown === check.tests[path])
        reasons.push(`${path} is among the given files, with every value that it expects`);
    }
  }
  if (check.kind !== 'test-writing') {
    const failToPass = check.kind === 'fix' ? check.failToPass : [];
    for (const { id, outcome } of await run(given, failToPass, 'before'))
      if (outcome === 'passed') reasons.push(`${id} passes before the patch`);
    for (const { id, outcome } of await run(given, check.passToPass, 'before'))
      if (outcome !== 'passed') reasons.push(`${id} does not pass before the patch`);
    const random = createRandom('twins', seed);
    const some = random.shuffle(check.passToPass).slice(0, TESTS_WITH_TWINS);
    const flips = await tryFlips([...failToPass, ...some]);
    check = { ...check, flips };
    for (const id of failToPass.length > 0 ? failToPass : check.passToPass.slice(0, 1))
      if (!flips.some(({ test }) => test === id)) reasons.push(`${id} has no impossible twin`);
    const twinned = failToPass.filter((id) => flips.some(({ test }) => test === id));
    for (const id of recognisable(check, twinned)) reasons.push(`${id} ${RECOGNISABLE}`);
  }
  if (check.kind === 'performance') {
    const unfit = await unitReasons({ check, given, instruments, seed });
    // Such a workload cannot be judged by.
    if (unfit.length > 0) return { check, kept: false, reasons: [...reasons, ...unfit] };
  }

  const judge = (artifact: Artifact, as: PatchCheck = check, secret = instruments.secret): Promise<Found> =>
    patch.judge({ check: as, artifact, given, instruments: { ...instruments, secret } });
  const solved = (found: Found): boolean => composeReward(found, NO_SHARES).solved;
  const golden = artifactOf({ [PATCH_FILE]: gold });
  const first = await judge(golden);
  if (!solved(first)) reasons.push(`the golden patch is not rewarded: ${whyNot(first)}`);
  for (let rerun = 1; rerun < (input.reruns ?? 3); rerun += 1) {
    if (canonicalJson(verdictOf(await judge(golden))) === canonicalJson(verdictOf(first))) continue;
    reasons.push('a second judgement of the golden patch differs from the first');
    break;
  }
  if (check.kind === 'test-writing') {
    if (!isRewritable(check.runner)) reasons.push(`${check.runner} ${BY_ITS_WORDS}`);
    // Other secrets draw other words for each version: what is not certain to mean the same in them shows here.
    for (let draw = 0; draw < DRAWS_OF_WORDS; draw += 1) {
      const found = draw === 0 ? first : await judge(golden, check, `${instruments.secret} words ${draw}`);
      if (!solved(found))
        reasons.push(`the golden tests are not rewarded where versions are in other words: ${whyNot(found)}`);
      if (unlikeIn(found).length > 0) reasons.push('the golden tests tell a wrong version from itself in other words');
    }
  }
  for (const [name, text] of unworked(seed))
    if (composeReward(await judge(artifactOf({ [PATCH_FILE]: text })), NO_SHARES).total > 0)
      reasons.push(`${name} is rewarded`);
  const hasTwin = check.kind === 'test-writing' || check.flips.length > 0;
  if (hasTwin && solved(await judge(golden, patch.impossible(check))))
    reasons.push('the golden patch is rewarded although the task was made impossible');
  return { check, kept: reasons.length === 0, reasons };

  /** Proposals that the golden patch fails, by an assertion, while it passes the test as it is. */
  async function tryFlips(ids: readonly string[]): Promise<Flip[]> {
    const { language } = RUNNERS[input.check.runner];
    const proposals = ids.flatMap((id) => {
      const text = input.check.tests[fileOf(id)] ?? textOf(repository.get(fileOf(id)) ?? new Uint8Array()) ?? '';
      const all = proposeFlips(language, id, text, createRandom('flip', seed, id));
      return all.slice(0, PROPOSALS_A_TEST);
    });
    const trials = proposals.map((twin) => ({ id: twin.test, twin }));
    const { tried } = await runTrials({
      check: input.check,
      repository,
      trials,
      instruments,
      purpose: 'certify twins',
      ours: true,
    });
    const failed = proposals.filter((flip) => tried.some(({ twin, outcome }) => twin === flip && outcome === 'failed'));
    return ids.flatMap((id) => {
      const own = failed.filter(({ test }) => test === id);
      return chosenTwins(input.check, own, TWINS_A_TEST);
    });
  }
}

const unlikeIn = ({ seen }: Found): readonly unknown[] =>
  z.object({ unlike: z.array(z.int()) }).safeParse(seen).data?.unlike ?? [];

/** Without what depends on a clock. */
const verdictOf = ({ gates, components, seen }: Found) => ({
  gates: gates.map(({ name, passed }) => ({ name, passed })),
  components: components.map(({ name, score }) => ({ name, score })),
  seen,
});

function unworked(seed: number): [string, string][] {
  const random = createRandom('unworked', seed);
  const noise = Array.from({ length: 400 }, () => String.fromCharCode(32 + random.below(95))).join('');
  return [
    ['nothing', ''],
    ['{}', '{}'],
    ['random text', noise],
    ['a patch that adds a note', '--- /dev/null\n+++ b/NOTE.txt\n@@ -0,0 +1 @@\n+done\n'],
  ];
}

function whyNot({ gates, components }: Found): string {
  const gate = gates.find(({ passed }) => !passed);
  return gate === undefined ? components.map(({ why }) => why).join('; ') : `${gate.name}: ${gate.why}`;
}
