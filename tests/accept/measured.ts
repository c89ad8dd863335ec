// The benches whose figures an acceptance names, each beside its peer in the same run. A machine that others use may miss them.
import { compareEvaluations } from '../../bench/eval.ts';
import { compareVerifications } from '../../bench/sandbox.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import type { Figure, Tell } from './figure.ts';

const SAMPLES = 5_000;

export async function measuredFigures(sandbox: Sandbox, tell: Tell): Promise<Figure[]> {
  tell('verifications beside bare bwrap, by turns');
  const verifications = (await compareVerifications(sandbox, tell)).map(
    ({ concurrency, ratio }): Figure => ({
      name: `time of a verification by that of bare bwrap, ${concurrency} at a time`,
      value: `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`,
      bound: 'at most 1.2',
      holds: ratio.median <= 1.2,
    }),
  );
  tell(`${SAMPLES} samples beside Inspect AI`);
  const [, ...others] = await compareEvaluations(SAMPLES, 1, 32, tell);
  const evaluations = others
    .filter(({ who }) => who.startsWith('Inspect'))
    .flatMap(({ who, speed, memory }): Figure[] => [
      {
        name: `samples/s by those of ${who}`,
        value: speed.median.toFixed(1),
        bound: 'at least 5',
        holds: speed.median >= 5,
      },
      { name: `memory by that of ${who}`, value: memory.median.toFixed(2), bound: 'below 1', holds: memory.median < 1 },
    ]);
  return [...verifications, ...evaluations];
}
