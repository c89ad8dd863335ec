// Judging speed: the same work on the same secret inputs, by the given code and by the candidate's, each time in a sandbox of its own.
// The clock is the driver's, outside the process, from before its start to its end, when whatever it left running is killed; what the
// process printed in that time has to be what the given code prints, a line for each unit of work (units.ts).
import { AnnealError } from '../../../contracts/errors.ts';
import type { EvidenceRun } from '../../../contracts/judgement.ts';
import { runCharged } from '../../workspace/charged.ts';
import { runWorkspace } from '../../workspace/run.ts';
import { SEALED, type StepResult, WORKSPACE } from '../../workspace/workspace.ts';
import { type Artifact, artifactHash } from '../artifact.ts';
import { broken, evidenceOf, held } from '../gates.ts';
import type { Found, JudgeInput } from '../verifier.ts';
import type { PerformanceCheck } from './check.ts';
import { drawn, RUNNERS } from './runners.ts';
import { unshown } from './units.ts';

const ARGV = ['python3', '-s', '-P', '-S', '-B', `${SEALED}/workload.py`] as const;
/** Chance at most that code which is no faster than asked for wins so many pairs. */
const SIGNIFICANCE = 0.05;

export async function judgePerformance(
  { check, artifact, given, instruments }: JudgeInput<PerformanceCheck>,
  repository: Artifact,
  judged: Found,
): Promise<Found> {
  const runs: EvidenceRun[] = [...judged.runs];
  const purpose = artifactHash(artifact);
  const work = async (who: 'given' | 'changed', files: Artifact, seed: number): Promise<StepResult> => {
    const result = await (who === 'given' ? runWorkspace : runCharged)(instruments.sandbox, {
      files,
      sealed: new Map([['workload.py', Buffer.from(check.workload)]]),
      steps: [
        {
          what: `the workload on ${who} code`,
          argv: ARGV,
          stdin: `${seed}\n`,
          env: { PYTHONPATH: check.sources.map((source) => `${WORKSPACE}/${source}`).join(':') },
          wallMs: check.secondsPerTest * 1_000,
        },
      ],
      collect: [],
      limits: RUNNERS[check.runner].limits,
    });
    const [step] = result.steps as [StepResult];
    runs.push(evidenceOf(`the workload on ${who} code`, ARGV, step));
    return step;
  };
  const withTests = (files: Artifact): Artifact =>
    new Map([...files, ...Object.entries(check.tests).map(([path, text]) => [path, Buffer.from(text)] as const)]);

  let wins = 0;
  const printed: string[] = [];
  for (let pair = 0; pair < check.pairs; pair += 1) {
    const seed = drawn(instruments.secret, 'workload', purpose, pair);
    const tasks = [() => work('given', withTests(given), seed), () => work('changed', withTests(repository), seed)];
    // Whatever else slows this machine down meanwhile must not always fall on the same side.
    const results: StepResult[] = [];
    for (const side of pair % 2 === 0 ? [0, 1] : [1, 0]) results[side] = await tasks[side]!();
    const [own, theirs] = results as [StepResult, StepResult];
    if (own.how !== 'exited' || own.exitCode !== 0)
      throw new AnnealError(
        'verifier.failed',
        `the workload does not run on the given code: ${own.stderr.slice(-200)}`,
      );
    printed.push(own.stdout);
    const told = unshown(printed);
    if (told !== undefined) throw new AnnealError('verifier.failed', `the workload ${told}`);
    if (theirs.how !== 'exited' || theirs.exitCode !== 0 || theirs.stdout !== own.stdout) {
      const why =
        theirs.how === 'exited'
          ? 'the workload gives something else than on the given code'
          : `the workload ended by ${theirs.how}`;
      return { ...judged, gates: [...judged.gates, broken('same results', why)], components: [], runs };
    }
    if (own.milliseconds / theirs.milliseconds > check.ratio) wins += 1;
  }
  const score = tail(wins, check.pairs) <= SIGNIFICANCE ? 1 : 0;
  const why = `more than ${check.ratio} times as fast in ${wins} of ${check.pairs} pairs of runs`;
  return {
    gates: [...judged.gates, held('same results', `the workload gives the same for ${check.pairs} secret seeds`)],
    components: [{ name: 'faster', kind: 'outcome', score, weight: 1, why }],
    runs,
    seen: judged.seen,
  };
}

/** P(at least `wins` heads in `n` tosses of a fair coin): the sign test. */
export function tail(wins: number, n: number): number {
  let probability = 2 ** -n;
  let sum = 0;
  for (let k = 0; k <= n; k += 1) {
    if (k >= wins) sum += probability;
    probability = (probability * (n - k)) / (k + 1);
  }
  return Math.min(1, sum);
}
