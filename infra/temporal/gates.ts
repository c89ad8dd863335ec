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
  type GateAnswer,
  gateResult,
  type TakenIn,
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
  /** How many people have to say the same, but for its safe option; absent where an earlier version of Anneal runs it. */
  readonly needed?: number;
  readonly answered?: readonly { readonly people: readonly string[]; readonly option: string; readonly at: string }[];
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
      /** Who had lent them their say. */
      readonly inNameOf?: string;
      /** Without the others, by an admin. */
      readonly breakGlass?: true;
      readonly keyId: string;
      readonly reason: string;
      readonly unattended: boolean;
      readonly selfApproved: boolean;
      readonly decision: Decision;
      /** Other people's, where a quorum is asked for. */
      readonly seconds?: readonly TakenIn[];
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
  async function viewOf(gate: GateId): Promise<GateView> {
    try {
      return await client.workflow.getHandle(gateWorkflowId(gate)).query<GateView>(GATE.view);
    } catch (failure) {
      if (failure instanceof WorkflowNotFoundError)
        throw new AnnealError('gate.not_found', `no gate is called ${gate}`);
      throw failure;
    }
  }

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

    asked: async (gate: string): Promise<GateView> => viewOf(idOf(gate)),

    async look(gate: string): Promise<LookedAt> {
      const id = idOf(gate);
      const view = await viewOf(id);
      const shown = evidenceSchema.parse(JSON.parse(new TextDecoder().decode(await store.get(view.evidence))));
      const outcome = view.state === 'open' ? undefined : await outcomeOf(client, id);
      return { view, evidence: shown, ...(outcome && { outcome }) };
    },

    /** Sends a signed decision and waits until it closes the gate, is counted beside those of others, or is refused. */
    async decide(decision: Decision): Promise<GateAnswer> {
      const handle = client.workflow.getHandle(gateWorkflowId(decision.body.gate));
      try {
        return await handle.executeUpdate<GateAnswer, [Decision]>(GATE.decide, {
          args: [decision],
          updateId: decision.body.id,
        });
      } catch (failure) {
        if (!(failure instanceof WorkflowNotFoundError)) throw refused(failure);
        // The gate has ended. How is a search attribute of its own, so that no worker is needed to tell.
        const ended = await handle.describe().catch(() => undefined);
        const state = ended?.typedSearchAttributes.get(gateState);
        if (state === undefined) throw new AnnealError('gate.not_found', `no gate is called ${decision.body.gate}`);
        if (state === 'open')
          throw new AnnealError('gate.closed', 'the gate was ended from outside; it opens again with its campaign');
        throw state === 'expired'
          ? new AnnealError('gate.expired', 'the gate had been open for its time; its safe option was taken')
          : new AnnealError('gate.closed', `the gate is ${state}`);
      }
    },
  };
}

function idOf(gate: string): GateId {
  const id = gateId.safeParse(gate);
  if (!id.success) throw new AnnealError('gate.not_found', `${JSON.stringify(gate)} is not a gate's name`);
  return id.data;
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
  const { decision, selfApproved, acceptedAt, seconds } = result;
  const { approver, inNameOf, breakGlass, reason, unattended } = decision.body;
  const { keyId } = decision;
  const beside = {
    ...(seconds && { seconds }),
    ...(inNameOf === undefined ? {} : { inNameOf }),
    ...(breakGlass && { breakGlass }),
  };
  return { how, option, at: acceptedAt, approver, keyId, reason, unattended, selfApproved, decision, ...beside };
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
