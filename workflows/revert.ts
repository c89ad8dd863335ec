// What landed, after the next step: taken back where that regressed by it, by the same queue as everything, once, and never a revert.
import { isCancellation, workflowInfo } from '@temporalio/workflow';
import { gateId } from '../contracts/ids.ts';
import type { RevertEnd, RevertInput } from '../contracts/incident.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { openAskAt } from './ask-at.ts';
import { openMerging } from './merging.ts';
import { askMerge } from './questions-merge.ts';
import { activitiesOn, lasting } from './queues.ts';
import { rootCause } from './root-cause.ts';

const work = activitiesOn('jobs', {
  startToCloseTimeout: '1h',
  heartbeatTimeout: '20s',
  retry: RETRY_OPTIONS.patient,
});

export async function revert(input: RevertInput): Promise<RevertEnd> {
  const { incident } = input;
  const merging = openMerging();
  const end = await takeBack(input, merging).catch((failure: unknown): RevertEnd => {
    if (isCancellation(failure)) throw failure;
    const { code, message } = rootCause(failure);
    return { how: 'failed', incident, code, why: message };
  });
  if (end.how !== 'kept') await lasting.recordRevert({ end });
  return end;
}

async function takeBack(input: RevertInput, merging: ReturnType<typeof openMerging>): Promise<RevertEnd> {
  const { incident, repository, owner, reportTo } = input;
  const ask = openAskAt();
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const ruled = await work.considerRevert({ ...input, runChain: firstExecutionRunId });
  if (ruled.how === 'keep') return { how: 'kept', incident, why: ruled.why };
  const { why, request, shown, proposed, runChain, deadlineMs, remindMs } = ruled;
  const left = (because: string): RevertEnd => ({ how: 'left', incident, why, because });

  const answer = shown.asks.length === 0 ? null : await decide();
  if (answer !== null && answer.result.option !== 'merge') return left('a human said no, or nobody answered');
  const asked = answer && { evidence: answer.evidence };
  const merged = await merging.merge(repository, { request, change: shown.change, asked });
  switch (merged.how) {
    case 'landed':
      return { how: 'reverted', incident, why, commit: merged.commit, tag: merged.tag };
    case 'nothing-left':
      return left('somebody has taken it back already');
    case 'conflict':
      return left(`the branch has changed the same lines meanwhile: ${merged.paths.join(', ')}`);
    case 'refused':
      return left(merged.why);
    case 'failed':
      return { how: 'failed', incident, code: merged.code, why: merged.why };
  }

  function decide() {
    return ask({
      evidence: {
        ...({ schema: 'anneal/evidence/v1', kind: 'merge' } as const),
        gate: gateId.parse(`${incident}.merge-2`),
        campaign: input.campaign ?? incident,
        ...askMerge(shown, { proposed, summary: `Taken back, because ${why}.`, request }),
        cost: { tokens: 0, seconds: 0 },
        runChain,
      },
      ...{ owner, deadlineMs, remindMs, asker: workflowId },
      waitFor: (open) => void merging.tellWaits(reportTo, open),
    });
  }
}
