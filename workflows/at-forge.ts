// An incident's change at a forge, for people to see. Whatever a forge does stops no incident.
import { isCancellation } from '@temporalio/workflow';
import type { ForgeOutcome, PinnedRepository, QueuedMerge } from '../activities/interface.ts';
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { ForgeTold } from '../contracts/forge.ts';
import type { QueueOutcome } from '../contracts/incident.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { activitiesOn } from './queues.ts';
import { rootCause } from './root-cause.ts';

const forge = activitiesOn('jobs', {
  startToCloseTimeout: '15m',
  heartbeatTimeout: '20s',
  retry: RETRY_OPTIONS.quick,
});

/** An issue of a forge is told how its ticket ended. Where that does not succeed the ticket has ended all the same. */
export async function tellIssue(of: Parameters<typeof forge.tellIssue>[0]): Promise<void> {
  try {
    await forge.tellIssue(of);
  } catch (failure) {
    if (isCancellation(failure)) throw failure;
  }
}

/** @param pinned incidents that began before there were forges have none; @param saw shows it */
export function openAtForge({ forge: has }: PinnedRepository, request: ArtifactRef, saw: (told: ForgeTold) => void) {
  async function told(tell: () => Promise<ForgeTold>): Promise<void> {
    if (!has) return;
    try {
      saw(await tell());
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
      const { code, message } = rootCause(failure);
      saw({ how: 'not-told', why: `${code}: ${message}` });
    }
  }
  const tell = (outcome: ForgeOutcome): Promise<void> => told(() => forge.tellForge({ request, outcome }));
  return {
    show: (asked: QueuedMerge['asked']): Promise<void> => told(() => forge.showAtForge({ request, asked })),
    denied: (): Promise<void> => tell({ how: 'left', why: 'A human said no, or nobody answered in time.' }),
    /** What failed by a fault of the machine is neither. */
    async merged(merged: QueueOutcome): Promise<void> {
      if (merged.how === 'landed') return tell({ how: 'landed', commit: merged.commit, tag: merged.tag });
      if (merged.how === 'failed') return;
      const why =
        merged.how === 'refused'
          ? merged.why
          : merged.how === 'conflict'
            ? `The branch has changed the same lines meanwhile: ${merged.paths.join(', ')}`
            : 'All of it is on the branch already.';
      return tell({ how: 'left', why });
    },
  };
}
