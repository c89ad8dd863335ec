// Rollouts under way: what each will come to is drawn when it starts, in the order of the queue, so that the n-th rollout is
// the same one under every scheduler.
import { createDraw, stream } from './draw.ts';
import type { Scenario } from './scenario.ts';

export interface UnderWay {
  /** That it would write in all. */
  readonly tokens: number;
  /** That it writes before it ends, or fails. */
  readonly written: number;
  readonly environmentSeconds: number;
  readonly fate: 'ends' | 'fails' | 'hangs';
  /** It has written them. */
  isWritten: boolean;
}

export function createRollouts(rollout: Scenario['rollout'], seed: number) {
  const tokens = createDraw(rollout.tokens, stream(seed, 'tokens'));
  const environment = rollout.environmentSeconds && createDraw(rollout.environmentSeconds, stream(seed, 'environment'));
  const fates = stream(seed, 'fates');
  const failing = rollout.failureRate?.value ?? 0;
  const hanging = rollout.hangRate?.value ?? 0;
  const underWay = new Map<number, UnderWay>();
  return {
    start(position: number): UnderWay {
      const all = tokens();
      const environmentSeconds = environment?.() ?? 0;
      const [luck, until] = [fates.unit(), fates.unit()];
      const fate = luck < failing ? 'fails' : luck < failing + hanging ? 'hangs' : 'ends';
      const written = fate === 'fails' ? until * all : all;
      const one: UnderWay = { tokens: all, written, environmentSeconds, fate, isWritten: false };
      underWay.set(position, one);
      return one;
    },
    get: (position: number): UnderWay | undefined => underWay.get(position),
    end(position: number): UnderWay {
      const one = underWay.get(position)!;
      underWay.delete(position);
      return one;
    },
    open: (): Iterable<[number, UnderWay]> => underWay,
  };
}
