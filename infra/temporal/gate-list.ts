// Gates as the console lists them: from Temporal's own records, without a worker. What a gate was opened with never changes, so that it is
// read once; which gates are open is asked again and again, and is one call.
import { type Client, type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { z } from 'zod';
import { type ArtifactRef, artifactRef } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type DecisionContext, decisionContext } from '../../contracts/gate.ts';
import { type GateId, gateId } from '../../contracts/ids.ts';
import { gateWorkflowId, SEARCH } from '../../contracts/names.ts';
import { type GateOutcome, outcomeOf } from './gates.ts';
import { decodePayloads } from './payload-trouble.ts';

const gateState = defineSearchAttributeKey(SEARCH.gateState, 'KEYWORD');

/** One opening of a gate: a campaign that is taken up again may open one of the same name anew. */
export interface GateRun {
  readonly gate: GateId;
  readonly run: string;
  readonly startedAt: Date;
  readonly closedAt?: Date;
}

/** `closing`: an answer was taken in, and is being recorded. */
export type GateState = 'open' | 'closing' | 'closed';

/** What a gate was opened with. */
export interface Opening {
  readonly context: DecisionContext;
  readonly evidence: ArtifactRef;
  readonly title: string;
  readonly recommended: string;
  readonly safe: string;
  readonly openedAt: Date;
  /** When silence takes the safe option. */
  readonly deadline: Date;
}

const started = z.looseObject({
  context: decisionContext,
  evidence: artifactRef,
  title: z.string(),
  recommended: z.string(),
  safe: z.string(),
  deadlineMs: z.number(),
});

const OPEN = `WorkflowType = 'gate' AND ${SEARCH.gateState} = 'open' AND ExecutionStatus = 'Running'`;

/** The first task of a workflow is its third event, and its clock is what the gate's deadline is counted from. */
const FIRST_EVENTS = 3;

export type GateList = ReturnType<typeof createGateList>;

export function createGateList(client: Client) {
  const { namespace } = client.options;
  return {
    /** @param since only those that were started then or later */
    async open(since?: Date): Promise<GateRun[]> {
      const query = since === undefined ? OPEN : `${OPEN} AND StartTime >= '${since.toISOString()}'`;
      return (await Array.fromAsync(client.workflow.list({ query }))).map(runOf);
    },

    countOpen: async (): Promise<number> => (await client.workflow.count(OPEN)).count,

    /** The newest ones. Visibility stores list what closed last first. */
    async closed(most: number): Promise<GateRun[]> {
      const query = `WorkflowType = 'gate' AND ExecutionStatus != 'Running'`;
      const found: GateRun[] = [];
      for await (const one of client.workflow.list({ query, pageSize: most })) {
        found.push(runOf(one));
        if (found.length >= most) break;
      }
      return found.toSorted((a, b) => (b.closedAt?.getTime() ?? 0) - (a.closedAt?.getTime() ?? 0));
    },

    /**
     * The newest opening of a gate. Never behind, unlike the lists.
     * @throws AnnealError `gate.not_found`
     */
    async find(name: string): Promise<{ readonly at: GateRun; readonly state: GateState }> {
      const id = gateId.safeParse(name);
      if (!id.success) throw new AnnealError('gate.not_found', `${JSON.stringify(name)} is not a gate's name`);
      try {
        const { runId, startTime, closeTime, typedSearchAttributes } = await client.workflow
          .getHandle(gateWorkflowId(id.data))
          .describe();
        const at = { gate: id.data, run: runId, startedAt: startTime, ...(closeTime && { closedAt: closeTime }) };
        const said = typedSearchAttributes.get(gateState);
        const state = closeTime !== undefined ? 'closed' : said === undefined || said === 'open' ? 'open' : 'closing';
        return { at, state };
      } catch (failure) {
        if (!(failure instanceof WorkflowNotFoundError)) throw failure;
        throw new AnnealError('gate.not_found', `no gate is called ${name}`);
      }
    },

    async opening({ gate, run }: GateRun): Promise<Opening> {
      const { history } = await client.workflowService.getWorkflowExecutionHistory({
        ...{ namespace, execution: { workflowId: gateWorkflowId(gate), runId: run } },
        maximumPageSize: FIRST_EVENTS,
      });
      const events = history?.events ?? [];
      const payloads = events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
      const [payload] = await decodePayloads(client, payloads.slice(0, 1));
      if (payload === undefined) throw new AnnealError('gate.not_found', `the history of ${gate} is gone`);
      const given = started.parse(client.options.loadedDataConverter.payloadConverter.fromPayload(payload));
      const begun = events.find((event) => event.workflowTaskStartedEventAttributes) ?? events[0];
      const openedAt = new Date(Number(begun?.eventTime?.seconds ?? 0) * 1000 + (begun?.eventTime?.nanos ?? 0) / 1e6);
      const { context, evidence, title, recommended, safe, deadlineMs } = given;
      const deadline = new Date(openedAt.getTime() + deadlineMs);
      return { context, evidence, title, recommended, safe, openedAt, deadline };
    },

    outcome: ({ gate, run }: GateRun): Promise<GateOutcome | undefined> => outcomeOf(client, gate, run),
  };
}

function runOf({ workflowId, runId, startTime, closeTime }: WorkflowExecutionInfo): GateRun {
  const gate = gateId.parse(workflowId.replace(/^gate\//, ''));
  return { gate, run: runId, startedAt: startTime, ...(closeTime && { closedAt: closeTime }) };
}
