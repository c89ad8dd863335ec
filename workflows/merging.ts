// An incident's side of the merge queue: puts its request there, once however often, and waits for what becomes of it.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { QueuedMerge } from '../activities/interface.ts';
import type { ChangeId, RepositoryName } from '../contracts/change.ts';
import type { IncidentEnd, QueueOutcome } from '../contracts/incident.ts';
import { INCIDENT, MERGES, mergeQueueWorkflowId } from '../contracts/names.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import type { OpenQuestion } from './ask-at.ts';
import type { mergeQueue, WaitingMerge } from './merge-queue.ts';
import { activitiesOn } from './queues.ts';

export interface Merging {
  merge(repository: RepositoryName, queued: QueuedMerge): Promise<QueueOutcome>;
  /** Tells whoever waits for the incident that a human is asked, or no more. */
  tellWaits(to: string | null, open: OpenQuestion | undefined): Promise<void>;
  /** Tells whoever waits for the incident; nobody there is no failure. */
  report(to: string | null, end: IncidentEnd): Promise<void>;
}

const git = activitiesOn('control', {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

/** A queue that was ended from outside lost what waited in it: after so long it is asked again. */
const ASK_AGAIN = '15m';

export function openMerging(): Merging {
  const merged = new Map<ChangeId, QueueOutcome>();
  setHandler(
    defineSignal<[{ change: ChangeId; merged: QueueOutcome }]>(INCIDENT.merged),
    (told) => void merged.set(told.change, told.merged),
    { description: 'What became of a change that was queued' },
  );
  return {
    async merge(repository, queued) {
      const { change } = queued;
      // Asked once more it is answered once more: what was told of it before is over.
      merged.delete(change);
      const one: WaitingMerge = { ...queued, reportTo: workflowInfo().workflowId };
      for (;;) {
        await enqueue(repository, one);
        if (!(await condition(() => merged.has(change), ASK_AGAIN))) continue;
        const told = merged.get(change)!;
        if (told.how !== 'landed') return told;
        // Whoever may signal may say that it has landed; where it has, the branch says so too.
        const there = await git.rebaseChange(queued);
        if (there.how === 'landed') return { ...told, commit: there.commit };
        merged.delete(change);
      }
    },
    tellWaits: (to, open) => tell(to, INCIDENT.waits, open ?? null),
    report: (to, end) => tell(to, INCIDENT.ended, end),
  };
}

async function tell(to: string | null, what: string, said: unknown): Promise<void> {
  if (to === null) return;
  try {
    await getExternalWorkflowHandle(to).signal(what, said);
  } catch (failure) {
    if (isCancellation(failure)) throw failure;
  }
}

/** The queue ends when it has nothing to do, perhaps between the two calls: then it is begun after all. */
async function enqueue(repository: RepositoryName, one: WaitingMerge): Promise<void> {
  const workflowId = mergeQueueWorkflowId(repository);
  for (;;) {
    try {
      await startChild<typeof mergeQueue>('mergeQueue', {
        workflowId,
        // It works for others too: whoever happened to begin it ends, or is cancelled, by itself.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        staticSummary: `Merges of ${repository}`,
        args: [{ repository, waiting: [one] }],
      });
      return;
    } catch (failure) {
      if (!(failure instanceof WorkflowExecutionAlreadyStartedError)) throw failure;
    }
    try {
      await getExternalWorkflowHandle(workflowId).signal(MERGES.enqueue, one);
      return;
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
    }
  }
}
