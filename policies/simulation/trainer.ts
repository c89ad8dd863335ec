// How long a step takes: a fixed part, and one in proportion to its tokens. A breakdown costs the step at work, which begins anew.
import { createDraw, exponential, stream } from './draw.ts';
import type { Scenario } from './scenario.ts';

/** So often a step is tried before it is clear that it never ends. */
const ATTEMPTS = 10_000;

export function createTrainer(
  { fixedSeconds, tokensPerSecond, contextTokens, breakdowns }: Scenario['trainer'],
  seed: number,
) {
  const fixed = fixedSeconds && createDraw(fixedSeconds, stream(seed, 'steps'));
  const luck = stream(seed, 'trainer');
  let training = 0;
  let recovering = 0;

  return {
    /** Seconds until the step is done. @throws RangeError when breakdowns never let it end */
    train(written: number, rollouts: number): number {
      const work = tokensPerSecond === undefined ? 0 : (written + rollouts * contextTokens) / tokensPerSecond;
      const seconds = (fixed?.() ?? 0) + work;
      let lost = 0;
      for (let attempt = 0; breakdowns !== undefined; attempt += 1) {
        const until = exponential(luck, breakdowns.meanSeconds);
        if (until >= seconds) break;
        lost += until + breakdowns.recoverySeconds;
        if (attempt === ATTEMPTS)
          throw new RangeError(
            `a step of ${Math.round(seconds)} s never gets to its end: the trainer breaks down before`,
          );
      }
      training += seconds;
      recovering += lost;
      return lost + seconds;
    },
    totals: () => ({ training, recovering }),
  };
}
