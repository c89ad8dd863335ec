// Several rollouts in one activity, one after the other: for those that take less time than Temporal takes for an activity.
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { ModelGateway } from '../contracts/ports.ts';
import type { RolloutActivities } from './interface.ts';
import type { Documents } from './read.ts';
import { recordedOf } from './recorded.ts';

/** Where rollouts turn out to be longer than they were, what is left goes back to the workflow. */
const LONGEST_MS = 10_000;

export interface PlayPorts {
  readonly documents: Documents;
  readonly gateway: Pick<ModelGateway, 'trajectories'>;
  readonly single: Pick<RolloutActivities, 'generate' | 'grade'>;
}

export function createPlay({ documents, gateway, single }: PlayPorts): Pick<RolloutActivities, 'play'> {
  return {
    async play({ plan, indices }) {
      const { rollouts } = await documents.plan(plan);
      const again = activityInfo().attempt > 1;
      const began = performance.now();
      const since = (): number => performance.now() - began;
      let [played, tokens] = [0, 0];
      for (const index of indices) {
        if (played > 0 && since() > LONGEST_MS) break;
        try {
          // Of an attempt before this one, whose worker died. `grade` asks too; here it saves the generation.
          const known = again ? await recordedOf(gateway, rollouts[index]!) : undefined;
          if (known === undefined) {
            tokens += (await single.generate({ plan, index })).tokens;
            await single.grade({ plan, index });
          } else tokens += known.tokens.completion;
        } catch (failure) {
          if (cancellationSignal().aborted) throw failure;
          // The workflow plays it by itself, and there it is repeated, masked or blamed on the machine.
          break;
        }
        played += 1;
      }
      return { played, tokens, milliseconds: since() };
    },
  };
}
