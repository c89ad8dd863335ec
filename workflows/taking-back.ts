// A campaign's side of reverts: what agents brought to the branch stands until the next step has been looked at.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  patched,
  workflowInfo,
} from '@temporalio/workflow';
import type { CampaignSpec } from '../contracts/campaign.ts';
import type { RevertEnd, RevertInput } from '../contracts/incident.ts';
import { revertWorkflowId } from '../contracts/names.ts';
import type { CampaignState } from '../contracts/record.ts';
import type { Desk } from './desk.ts';
import type { revert } from './revert.ts';
import { rootCause } from './root-cause.ts';

export interface TakingBack {
  /** @returns whether the code is another one now */
  after(next: RevertInput['next']): Promise<boolean>;
}

export function openTakingBack(spec: CampaignSpec, state: CampaignState, desk: Desk): TakingBack {
  return {
    async after(next) {
      const { landed } = state;
      const { code } = spec.training;
      // Campaigns that began before there were reverts go on as they were.
      if (landed === undefined || code === undefined || !patched('take-back')) return false;
      if (next.what === 'evaluation') delete state.landed;
      if (next.what === 'evaluation' && !next.regressed) return false;
      const end = await settled({
        ...{ schema: 'anneal/revert/v1', ...landed, campaign: spec.name, repository: code.repository, next },
        ...{ owner: spec.owner, reportTo: workflowInfo().workflowId },
      });
      if (end.how === 'kept') return false;
      // Taken back or not, it was looked at: nothing of it is asked again.
      delete state.landed;
      const known = state.incidents ?? [];
      state.incidents = known.map((one) => (one.incident === landed.incident ? { ...one, revert: end.how } : one));
      return end.how === 'reverted';
    },
  };

  async function settled(input: RevertInput): Promise<RevertEnd> {
    desk.mending(input.incident);
    try {
      return await executeChild<typeof revert>('revert', {
        workflowId: revertWorkflowId(input.incident),
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        staticSummary: `Is ${input.commit.slice(0, 12)} taken back?`,
        args: [input],
      });
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
      // One that an earlier run of this campaign began goes on by itself; what it comes to is on the incident's record.
      if (failure instanceof WorkflowExecutionAlreadyStartedError)
        return { how: 'left', incident: input.incident, why: 'it is looked at', because: 'another run has begun it' };
      const { code, message } = rootCause(failure);
      return { how: 'failed', incident: input.incident, code, why: message };
    } finally {
      desk.mending(undefined);
    }
  }
}
