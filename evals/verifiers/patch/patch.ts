// The verifier of patches: one unified diff on a repository's snapshot.
import { AnnealError } from '../../../contracts/errors.ts';
import type { ComponentScore, EvidenceRun, GateResult } from '../../../contracts/judgement.ts';
import { type Artifact, artifactHash } from '../artifact.ts';
import { bounded, isLarge } from '../bounded.ts';
import { broken, FORGED_GATES, held, refused } from '../gates.ts';
import { defineVerifier, type Found, type JudgeInput } from '../verifier.ts';
import { type FixCheck, PATCH_FILE, type PatchCheck, type PerformanceCheck, patchCheck } from './check.ts';
import { RECOGNISABLE, recognisable } from './choose-twins.ts';
import { flipped } from './flips.ts';
import { judgePerformance } from './performance.ts';
import { readPatch } from './read.ts';
import { BY_ITS_WORDS, isRewritable } from './rewrites.ts';
import { runnerWorks, trialsOf } from './sentinels.ts';
import { judgeTests } from './test-writing.ts';
import { runTrials, type Trial, type Tried } from './trials.ts';

export const patch = defineVerifier<PatchCheck>({
  ref: { name: 'patch', version: 1 },
  format: 'patch',
  runsCandidate: true,
  check: patchCheck,
  async judge(input) {
    const { check, artifact, given } = input;
    const apart = isLarge(artifact.get(PATCH_FILE)?.length ?? 0);
    const { protected: guarded, allowed, tests } = check;
    const applied = await bounded('patch', readPatch, apart, { guarded, allowed, tests }, artifact, given);
    if ('why' in applied) return refused([broken('readable', `${PATCH_FILE} ${applied.why}`)]);
    if ('found' in applied) return applied.found;
    const { repository, changed, gates } = applied;
    if (check.kind === 'test-writing') return judgeTests({ ...input, check }, repository, changed, gates);
    const judged = await judgeRunning({ ...input, check }, repository, gates);
    if (check.kind === 'fix' || judged.gates.some(({ passed }) => !passed)) return judged;
    return judgePerformance({ ...input, check }, repository, judged);
  },
  unfit(check) {
    if (check.kind === 'fix') return recognisable(check, check.failToPass).map((id) => `${id} ${RECOGNISABLE}`);
    return check.kind === 'test-writing' && !isRewritable(check.runner) ? [`${check.runner} ${BY_ITS_WORDS}`] : [];
  },
  impossible(check) {
    if (check.kind === 'test-writing') return { ...check, right: [...check.right, ''] };
    const [one] = check.flips;
    if (one === undefined) throw new AnnealError('task.invalid', 'no test of the patch task can be made impossible');
    return { ...check, flips: [], tests: { ...check.tests, [one.path]: flipped(check.tests[one.path] ?? '', one) } };
  },
});

/** The task's own tests: those that must pass now first, and those that must still pass only when these did. */
async function judgeRunning(
  { check, artifact, instruments }: JudgeInput<FixCheck | PerformanceCheck>,
  repository: Artifact,
  before: readonly GateResult[],
): Promise<Found> {
  const gates = [...before];
  const runs: EvidenceRun[] = [];
  const all: Tried[] = [];
  const purpose = artifactHash(artifact);
  const run = async (
    name: string,
    trials: readonly Trial[],
    more: { untilOneFails?: true } = {},
  ): Promise<readonly Tried[]> => {
    const done = await runTrials({ check, repository, trials, instruments, purpose: `${name} ${purpose}`, ...more });
    runs.push(...done.runs);
    all.push(...done.tried);
    return done.tried;
  };
  // What fails a test as well gives another value, which a twin may expect: it is wrong, and no lie.
  const liars = () => {
    const wrong = new Set(
      all.filter(({ twin, outcome }) => twin === undefined && outcome === 'failed').map(({ id }) => id),
    );
    return all.filter(({ id, twin, outcome }) => twin && outcome === 'passed' && !wrong.has(id)).map(({ id }) => id);
  };
  const ends = (found: { components: readonly ComponentScore[] }): Found => ({
    gates,
    components: found.components,
    runs,
    seen: {
      tests: countOf(all),
      integrity: [...new Set(liars())].sort().map((id) => `passed although impossible: ${id}`),
    },
  });

  const failToPass = check.kind === 'fix' ? check.failToPass : [];
  const must = trialsOf(check.flips, failToPass, 'each', instruments.secret, purpose);
  const first = await run('fail to pass', must, { untilOneFails: true });
  const unsolved = first.filter(({ twin, outcome }) => twin === undefined && outcome !== 'passed').map(({ id }) => id);
  if (liars().length === 0 && unsolved.length === 0) {
    await run('pass to pass', trialsOf(check.flips, check.passToPass, 'some', instruments.secret, purpose));
  }
  if (liars().length > 0) {
    gates.push(
      broken(FORGED_GATES.patch, `passed although made impossible: ${[...new Set(liars())].sort().join(', ')}`),
    );
    return ends({ components: [] });
  }
  gates.push(held(FORGED_GATES.patch, 'no test passed as it is and made impossible'));
  const failures = all.filter(({ twin, outcome }) => twin === undefined && outcome !== 'passed');
  if (failures.length > 0) await runnerWorks(check, instruments);
  const lost = [...new Set(failures.map(({ id }) => id))].filter((id) => !failToPass.includes(id)).sort();
  gates.push(
    lost.length === 0
      ? held('pass to pass', 'nothing that worked is broken')
      : broken('pass to pass', `no longer pass: ${lost.join(', ')}`),
  );
  if (lost.length > 0 || check.kind !== 'fix') return ends({ components: [] });
  const open = [...new Set(unsolved)].sort();
  const score = open.length === 0 ? 1 : 0;
  const why = open.length === 0 ? `all ${failToPass.length} pass` : `do not pass: ${open.join(', ')}`;
  return ends({ components: [{ name: 'fail to pass', kind: 'outcome', score, weight: 1, why }] });
}

function countOf(all: readonly Tried[]): Record<string, Record<string, number>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const { id, twin, outcome } of [...all].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const name = twin === undefined ? outcome : `twin ${outcome}`;
    counts[id] = { ...counts[id], [name]: (counts[id]?.[name] ?? 0) + 1 };
  }
  return counts;
}
