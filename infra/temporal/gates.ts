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
export interface OpenGate {
  readonly view: GateView;
  readonly evidence: Evidence;
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

    async look(gate: string): Promise<OpenGate> {
      const id = gateId.safeParse(gate);
      if (!id.success) throw new AnnealError('gate.not_found', `${JSON.stringify(gate)} is not a gate's name`);
      try {
        const view = await client.workflow.getHandle(gateWorkflowId(id.data)).query<GateView>(GATE.view);
        const shown = evidenceSchema.parse(JSON.parse(new TextDecoder().decode(await store.get(view.evidence))));
        return { view, evidence: shown };
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
