// One question to a human, whoever asks: freeze the evidence, open the gate (or adopt the one that is open), wait for its answer.

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
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { Evidence, GateResult } from '../contracts/gate.ts';
import type { GateId } from '../contracts/ids.ts';
import { CAMPAIGN, gateWorkflowId } from '../contracts/names.ts';
import { PRIORITIES } from '../contracts/queues.ts';
import { needsHuman } from '../policies/critical.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import type { gate } from './gate.ts';
import { activitiesOn } from './queues.ts';

export interface Asking {
  readonly evidence: Evidence;
  readonly owner: string;
  readonly deadlineMs: number;
  readonly remindMs: number;
  /** The workflow that asks: a gate signals its answer to it. */
  readonly asker: string;
  /** Shows that somebody is waited for, and that nobody is any more. */
  waitFor(open: OpenQuestion | undefined): void;
}
export interface OpenQuestion {
  readonly gate: GateId;
  readonly evidence: ArtifactRef;
  readonly evidenceHash: ArtifactRef['sha256'];
  readonly deadline: string;
}

const act = activitiesOn('control', {
  startToCloseTimeout: '1m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

/** Takes in what gates signal to this workflow. @returns what asks one question after the other */
export function openAskAt(): (asking: Asking) => Promise<{ result: GateResult; evidence: ArtifactRef }> {
  const answers = new Map<string, GateResult>();
  setHandler(defineSignal<[GateResult]>(CAMPAIGN.gateClosed), (result) => void answers.set(result.gate, result), {
    description: 'A gate reports its answer; effects verify the decision again',
  });

  return async function askAt({ evidence, owner, deadlineMs, remindMs, asker, waitFor }) {
    const { gate: id, kind, recommended } = evidence;
    const { object, answer, listed, quorum } = await act.freezeEvidence({ evidence });
    if (answer !== null) return { result: answer, evidence: object };
    if (!needsHuman(kind, listed))
      return { result: { how: 'automatic', gate: id, option: recommended }, evidence: object };
    const deadline = new Date(Date.now() + deadlineMs).toISOString();
    await openGate();
    waitFor({ gate: id, evidence: object, evidenceHash: object.sha256, deadline });
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
    waitFor(undefined);
    return { result: answers.get(id)!, evidence: object };

    async function openGate(): Promise<void> {
      const { campaign, runChain, title, safe } = evidence;
      try {
        await startChild<typeof gate>('gate', {
          workflowId: gateWorkflowId(id),
          parentClosePolicy: ParentClosePolicy.ABANDON,
          priority: { priorityKey: PRIORITIES.gate },
          staticSummary: title,
          args: [
            {
              context: {
                ...{ campaign, runChain, gate: id },
                ...{ evidenceHash: object.sha256, options: evidence.options.map((option) => option.name), owner },
              },
              evidence: object,
              ...{ title, recommended, safe, deadlineMs, remindMs, campaignWorkflowId: asker },
              ...(quorum === undefined ? {} : { quorum }),
            },
          ],
        });
      } catch (failure) {
        // The gate outlived an earlier run of whoever asks: it reports to the same id, so to us.
        if (!(failure instanceof WorkflowExecutionAlreadyStartedError)) throw failure;
      }
    }
  };
}
