// An agent's last steps, as it tells them to the gateway, which judges whether it goes round in circles: calls with their results, without
// what was said around them. Nothing is decided here.
import { createHash } from 'node:crypto';
import type { LoopSignal } from '../../contracts/turn.ts';

/** The gateway takes 32, and looks at fewer. */
const KEPT = 24;

export interface Steps {
  /** Newest last. */
  told(): readonly string[];
  /**
   * Of one reply: what it called, and what came back.
   * @returns whether it goes on in the circle that the gateway told of, if it did
   */
  did(calls: readonly Done[], loop: LoopSignal | undefined): boolean;
}

interface Done {
  readonly name: string;
  readonly arguments: string;
  readonly result: string;
}

export function createSteps(): Steps {
  let steps: readonly string[] = [];
  return {
    told: () => steps,
    did(calls, loop) {
      const done = calls.map(({ name, arguments: text, result }) => [name, text, result]);
      const step = createHash('sha256').update(JSON.stringify(done)).digest('hex').slice(0, 16);
      const before = loop === undefined ? undefined : steps.at(-loop.period);
      steps = [...steps, step].slice(-KEPT);
      return step === before;
    },
  };
}
