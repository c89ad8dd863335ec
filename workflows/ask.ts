// Asking a human: freeze the evidence, open the gate (or adopt the one that is open), wait for its answer.

import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  setHandler,
  startChild,
} from '@temporalio/workflow';
import type { CampaignSpec } from '../contracts/campaign.ts';
import type { Evidence, GateKind, GateResult } from '../contracts/gate.ts';
import { gateId } from '../contracts/ids.ts';
import { CAMPAIGN, campaignWorkflowId, gateWorkflowId } from '../contracts/names.ts';
import { PRIORITIES } from '../contracts/queues.ts';
import type { CampaignState } from '../contracts/record.ts';
import { durationMs } from '../contracts/units.ts';
import { needsHuman } from '../policies/critical.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import type { Desk } from './desk.ts';
import type { gate } from './gate.ts';
import { activitiesOn } from './queues.ts';

export type Question = Pick<
  Evidence,
  'title' | 'why' | 'risk' | 'facts' | 'options' | 'recommended' | 'safe' | 'attachments' | 'logTail'
>;
export type Ask = (kind: GateKind, question: Question) => Promise<{ result: GateResult; evidence: GateEvidence }>;
type GateEvidence = CampaignState['gates'][number]['evidence'];

const act = activitiesOn('control', {
  startToCloseTimeout: '1m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

export function openAsk(spec: CampaignSpec, state: CampaignState, desk: Desk): Ask {
  const answers = new Map<string, GateResult>();
  setHandler(defineSignal<[GateResult]>(CAMPAIGN.gateClosed), (result) => void answers.set(result.gate, result), {
    description: 'A gate reports its answer; effects verify the decision again',
  });

  return async function ask(kind, question) {
    const id = gateId.parse(`${spec.name}.${kind}-${state.gates.filter((g) => g.kind === kind).length + 1}`);
    const { object, answer, listed, quorum } = await act.freezeEvidence({
      evidence: {
        schema: 'anneal/evidence/v1',
        gate: id,
        campaign: spec.name,
        kind,
        ...question,
        cost: { tokens: state.tokens, seconds: state.stages.reduce((sum, s) => sum + s.seconds, 0) },
        runChain: state.runChain,
      },
    });
    const record = { gate: id, kind, evidence: object, recommended: question.recommended };
    let result = answer ?? undefined;
    if (!needsHuman(kind, listed)) result ??= { how: 'automatic', gate: id, option: question.recommended };
    if (result === undefined) {
      const deadlineMs = durationMs(spec.gates.deadline);
      const deadline = new Date(Date.now() + deadlineMs).toISOString();
      await openGate(deadlineMs, quorum);
      desk.waitFor({
        gate: id,
        evidence: object,
        evidenceHash: object.sha256,
        deadline,
      });
      try {
        await condition(() => answers.has(id));
      } catch (failure) {
        if (isCancellation(failure)) {
          await CancellationScope.nonCancellable(() =>
            getExternalWorkflowHandle(gateWorkflowId(id))
              .cancel()
              .catch(() => {}),
          );
        }
        throw failure;
      }
      result = answers.get(id)!;
      desk.waitFor(undefined);
    }
    state.gates.push({ ...record, result });
    return { result, evidence: object };

    async function openGate(deadlineMs: number, needed: number | undefined): Promise<void> {
      try {
        await startChild<typeof gate>('gate', {
          workflowId: gateWorkflowId(id),
          parentClosePolicy: ParentClosePolicy.ABANDON,
          priority: { priorityKey: PRIORITIES.gate },
          staticSummary: question.title,
          args: [
            {
              context: {
                campaign: spec.name,
                runChain: state.runChain,
                gate: id,
                evidenceHash: object.sha256,
                options: question.options.map((option) => option.name),
                owner: spec.owner,
              },
              evidence: object,
              title: question.title,
              recommended: question.recommended,
              safe: question.safe,
              deadlineMs,
              remindMs: durationMs(spec.gates.remindAfter),
              campaignWorkflowId: campaignWorkflowId(spec.name),
              ...(needed === undefined ? {} : { quorum: needed }),
            },
          ],
        });
      } catch (failure) {
        // The gate outlived an earlier run of this campaign: it reports to the campaign's id, so to us.
        if (!(failure instanceof WorkflowExecutionAlreadyStartedError)) throw failure;
      }
    }
  };
}
