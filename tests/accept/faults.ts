// Faults of the machine under every verifier: no sample of the corpus is scored, and a group's baseline is computed without it.
import { AnnealError, type ErrorCode } from '../../contracts/errors.ts';
import { campaignName, makeRolloutId } from '../../contracts/ids.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import { CORPUS } from '../../evals/hacks/corpus.ts';
import { judgeVariant } from '../../evals/hacks/judging.ts';
import type { Instruments } from '../../evals/verifiers/verifier.ts';
import { assembleSamples, type GradedRollout } from '../../policies/advantage.ts';
import type { Figure } from './figure.ts';

const FAULTS: readonly ErrorCode[] = ['sandbox.failed', 'verifier.failed'];

export async function faultFigures(instruments: Instruments): Promise<Figure[]> {
  const scored: string[] = [];
  let tried = 0;
  for (const code of FAULTS) {
    const sandbox: Sandbox = {
      describe: () => instruments.sandbox.describe(),
      run: () => Promise.reject(new AnnealError(code, 'injected')),
    };
    for (const sample of CORPUS) {
      const judged = await judgeVariant(sample, sample.gold, { ...instruments, sandbox });
      // A format that runs nothing meets no fault of the sandbox.
      if (judged.outcome === 'success') continue;
      tried += 1;
      if ('reward' in judged) scored.push(`${sample.task.id} after ${code}`);
    }
  }
  return [
    {
      name: 'gold answers that are scored although the machine failed',
      value: `${scored.length} of ${tried}${scored.length === 0 ? '' : `: ${scored.slice(0, 3).join('; ')}`}`,
      bound: '0',
      holds: scored.length === 0 && tried > 0,
    },
    baselineFigure(),
  ];
}

/** Rewards 1, 0 and a fault: the advantage of the first is 1 − 1/2, not 1 − 1/3. */
function baselineFigure(): Figure {
  const campaign = campaignName.parse('accept');
  const id = (sample: number) =>
    makeRolloutId({ campaign, round: 1, purpose: 'train', policyVersion: 0, group: 0, sample });
  const graded = (sample: number, outcome: GradedRollout['outcome'], reward?: number): GradedRollout => ({
    ...{ rollout: id(sample), outcome, reward, fidelity: 'token-exact', completionTokens: 4 },
  });
  const { samples } = assembleSamples({
    planned: [id(0), id(1), id(2)],
    graded: [graded(0, 'success', 1), graded(1, 'policy_failure', 0), graded(2, 'infrastructure_failure')],
    signal: { by: 'group', divided: false },
  });
  const first = samples[0];
  const advantage = first?.state === 'train' ? first.advantage : Number.NaN;
  return {
    name: 'advantage of a success beside a failure and a fault',
    value: `${advantage}`,
    bound: '0.5',
    holds: advantage === 0.5,
  };
}
