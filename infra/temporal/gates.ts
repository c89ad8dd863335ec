// Gates as commands and the console see them: the open ones, what one asks, the signed answer.
import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, defineSearchAttributeKey } from '@temporalio/common';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError, errorCode } from '../../contracts/errors.ts';
import {
  type Decision,
  type DecisionContext,
  type Evidence,
  evidence as evidenceSchema,
  type GateResult,
  gateResult,
} from '../../contracts/gate.ts';
import { type GateId, gateId } from '../../contracts/ids.ts';
import { GATE, gateWorkflowId, SEARCH } from '../../contracts/names.ts';

const gateState = defineSearchAttributeKey(SEARCH.gateState, 'KEYWORD');

/** The answer of the gate workflow's `view` query. */
export interface GateView {
  readonly context: DecisionContext;
  readonly evidence: ArtifactRef;
  readonly state: 'open' | 'decided' | 'expired' | 'withdrawn';
  readonly title: string;
  readonly recommended: string;
  readonly safe: string;
}
/** How a gate was closed, and for a decided one everything that was signed. */
export type GateOutcome = {
  /** When it took the decision in; of the others, when it closed. */
  readonly at: string;
} & (
  | {
      readonly how: 'decided';
      readonly option: string;
      readonly approver: string;
      readonly keyId: string;
      readonly reason: string;
      readonly unattended: boolean;
      readonly selfApproved: boolean;
      readonly decision: Decision;
    }
  | { readonly how: 'expired' | 'automatic'; readonly option: string }
  | { readonly how: 'withdrawn' }
);
export interface LookedAt {
  readonly view: GateView;
  readonly evidence: Evidence;
  /** Absent while it is open, and until its answer is recorded. */
  readonly outcome?: GateOutcome;
}

export type Gates = ReturnType<typeof createGates>;

export function createGates(client: Client, store: ArtifactStore) {
  return {
    /** Open gates, oldest first, by Temporal's visibility store. */
    async open(): Promise<GateId[]> {
      const query = `WorkflowType = 'gate' AND ${SEARCH.gateState} = 'open' AND ExecutionStatus = 'Running'`;
      const found = await Array.fromAsync(client.workflow.list({ query }));
      // Sorted here: a visibility store on SQLite or SQL refuses ORDER BY.
      return found
        .toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime())
        .map((w) => gateId.parse(w.workflowId.replace(/^gate\//, '')));
    },

    async look(gate: string): Promise<LookedAt> {
      const id = gateId.safeParse(gate);
      if (!id.success) throw new AnnealError('gate.not_found', `${JSON.stringify(gate)} is not a gate's name`);
      try {
        const view = await client.workflow.getHandle(gateWorkflowId(id.data)).query<GateView>(GATE.view);
        const shown = evidenceSchema.parse(JSON.parse(new TextDecoder().decode(await store.get(view.evidence))));
        const outcome = view.state === 'open' ? undefined : await outcomeOf(client, id.data);
        return { view, evidence: shown, ...(outcome && { outcome }) };
      } catch (failure) {
        if (failure instanceof WorkflowNotFoundError)
          throw new AnnealError('gate.not_found', `no gate is called ${gate}`);
        throw failure;
      }
    },

    /** Sends a signed decision and waits until it is accepted or refused. */
    async decide(decision: Decision): Promise<GateResult> {
      const handle = client.workflow.getHandle(gateWorkflowId(decision.body.gate));
      try {
        return await handle.executeUpdate<GateResult, [Decision]>(GATE.decide, {
          args: [decision],
          updateId: decision.body.id,
        });
      } catch (failure) {
        if (!(failure instanceof WorkflowNotFoundError)) throw refused(failure);
        // The gate has ended. How is a search attribute of its own, so that no worker is needed to tell.
        const ended = await handle.describe().catch(() => undefined);
        const state = ended?.typedSearchAttributes.get(gateState);
        if (state === undefined) throw new AnnealError('gate.not_found', `no gate is called ${decision.body.gate}`);
        throw state === 'expired'
          ? new AnnealError('gate.expired', 'the gate had been open for its time; its safe option was taken')
          : new AnnealError('gate.closed', `the gate is ${state}`);
      }
    },
  };
}

/** From the result that the gate's workflow ended with: it outlives the campaign's run, and no worker is needed to read it. */
export async function outcomeOf(client: Client, gate: GateId, run?: string): Promise<GateOutcome | undefined> {
  const { status, closeTime, runId } = await client.workflow.getHandle(gateWorkflowId(gate), run).describe();
  if (status.name !== 'COMPLETED' || closeTime === undefined) return undefined;
  const ended = client.workflow.getHandle(gateWorkflowId(gate), runId, { followRuns: false });
  const result = gateResult.nullable().parse(await ended.result());
  const at = closeTime.toISOString();
  if (result === null) return { how: 'withdrawn', at };
  const { how, option } = result;
  if (how !== 'decided') return { how, option, at };
  const { decision, selfApproved, acceptedAt } = result;
  const { approver, reason, unattended } = decision.body;
  const { keyId } = decision;
  return { how, option, at: acceptedAt, approver, keyId, reason, unattended, selfApproved, decision };
}

function refused(failure: unknown): unknown {
  if (!(failure instanceof WorkflowUpdateFailedError)) return failure;
  let cause: unknown = failure.cause;
  while (cause instanceof ActivityFailure) cause = cause.cause;
  if (cause instanceof ApplicationFailure) {
    const code = errorCode.safeParse(cause.type);
    if (code.success) return new AnnealError(code.data, cause.message);
  }
  return failure;
}
