// One repository's merges, one after the other: rebase, tests and smoke run on exactly what will be the branch, then the branch moves. Landing
// is a compare-and-swap, so that somebody else's push costs another try and nothing more.
import {
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { QueuedMerge } from '../activities/interface.ts';
import type { ChangeId, RepositoryName } from '../contracts/change.ts';
import type { QueueOutcome } from '../contracts/incident.ts';
import { INCIDENT, MERGES } from '../contracts/names.ts';
import { isVerdict } from '../policies/incident.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { activitiesOn } from './queues.ts';
import { rootCause } from './root-cause.ts';

export interface MergeQueueInput {
  readonly repository: RepositoryName;
  readonly waiting: readonly WaitingMerge[];
}
export interface WaitingMerge extends QueuedMerge {
  /** The workflow that is told what became of it. */
  readonly reportTo: string;
}
export interface MergeQueueView {
  readonly repository: RepositoryName;
  readonly merging: ChangeId | null;
  readonly waiting: readonly ChangeId[];
}

const git = activitiesOn('control', {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});
const work = activitiesOn('jobs', {
  startToCloseTimeout: '2h',
  heartbeatTimeout: '20s',
  retry: RETRY_OPTIONS.patient,
});

/** So often a branch may move under one merge before it is left to people. */
const MOST_TRIES = 10;
const IDLE = '10m';
const A_RUN = 50;

export async function mergeQueue(input: MergeQueueInput): Promise<void> {
  const { repository } = input;
  const waiting = [...input.waiting];
  let merging: WaitingMerge | undefined;
  const view = (): MergeQueueView => ({
    repository,
    merging: merging?.change ?? null,
    waiting: waiting.map(({ change }) => change),
  });
  // Asked twice is asked once, by each who asks; what was merged before, for whomever, is found on the branch.
  const isKnown = ({ change, reportTo }: WaitingMerge) =>
    [merging, ...waiting].some((one) => one?.change === change && one.reportTo === reportTo);
  setHandler(defineSignal<[WaitingMerge]>(MERGES.enqueue), (one) => void (isKnown(one) || waiting.push(one)));
  setHandler(defineQuery<MergeQueueView>(MERGES.view), view, { description: 'What is merged now, and what waits' });

  for (let done = 0; done < A_RUN; done += 1) {
    show();
    if (!(await condition(() => waiting.length > 0, IDLE))) {
      await condition(allHandlersFinished);
      if (waiting.length === 0) return;
    }
    merging = waiting.shift()!;
    show();
    await report(merging.reportTo, merging.change, await merge(merging));
    merging = undefined;
  }
  await condition(allHandlersFinished);
  // As campaigns do: a queue that is never idle takes up the current release all the same.
  await makeContinueAsNewFunc<typeof mergeQueue>({ initialVersioningBehavior: 'AUTO_UPGRADE' })({
    repository,
    waiting,
  });

  function show(): void {
    const { merging, waiting } = view();
    setCurrentDetails(`**${repository}** · merging ${merging?.slice(0, 12) ?? 'nothing'} · ${waiting.length} waiting`);
  }
}

async function merge(queued: QueuedMerge): Promise<QueueOutcome> {
  const { request } = queued;
  try {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const rebased = await git.rebaseChange(queued);
      if (rebased.how === 'nothing-left' || rebased.how === 'conflict') return rebased;
      const { commit } = rebased;
      if (rebased.how === 'rebased') {
        const tried = await work.tryCommit({ request, commit, tip: rebased.tip });
        if (!tried.ok) return { how: 'refused', why: tried.why };
      }
      const landed = await git.landCommit({ ...queued, commit });
      if (landed.how !== 'moved') return { how: 'landed', commit: landed.commit, tag: landed.tag };
    }
    return { how: 'refused', why: `the branch moved ${MOST_TRIES} times while it was tried` };
  } catch (failure) {
    if (isCancellation(failure)) throw failure;
    // One change that cannot be merged must not stop those behind it.
    const { code, message } = rootCause(failure);
    return isVerdict(code) ? { how: 'refused', why: `${code}: ${message}` } : { how: 'failed', code, why: message };
  }
}

async function report(to: string, change: ChangeId, merged: QueueOutcome): Promise<void> {
  try {
    await getExternalWorkflowHandle(to).signal(INCIDENT.merged, { change, merged });
  } catch (failure) {
    // Whoever asked is gone; what landed is on the branch, and asking again finds it.
    if (isCancellation(failure)) throw failure;
  }
}
