// Histories of workflows, opened: what a run was given, which activities it had done, which signals came.
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type { ReadHistory } from '../../contracts/share.ts';
import { decodePayloads } from './payload-trouble.ts';

type History = temporal.api.history.v1.IHistory;
type Time = temporal.api.history.v1.IHistoryEvent['eventTime'];
/** Opens what one field holds; the first of several values. */
type Open = (payloads: readonly Payload[] | null | undefined) => Promise<unknown>;

export async function readHistory(workflowId: string, { events }: History, open: Open): Promise<ReadHistory> {
  const scheduled = new Map<string, { type: string; input: readonly Payload[] | null | undefined }>();
  const done: ReadHistory['done'][number][] = [];
  const signals: ReadHistory['signals'][number][] = [];
  let type = '';
  let input: unknown;
  for (const event of events ?? []) {
    const at = instant(event.eventTime);
    const begun = event.workflowExecutionStartedEventAttributes;
    const asked = event.activityTaskScheduledEventAttributes;
    const ended = event.activityTaskCompletedEventAttributes;
    const told = event.workflowExecutionSignaledEventAttributes;
    if (begun) {
      type = begun.workflowType?.name ?? '';
      input = await open(begun.input?.payloads);
    } else if (asked)
      scheduled.set(String(event.eventId), { type: asked.activityType?.name ?? '', input: asked.input?.payloads });
    else if (ended) {
      const of = scheduled.get(String(ended.scheduledEventId));
      if (of === undefined) continue;
      done.push({ type: of.type, input: await open(of.input), result: await open(ended.result?.payloads), at });
    } else if (told) signals.push({ name: told.signalName ?? '', input: await open(told.input?.payloads), at });
  }
  return { workflowId, type, input, done, signals };
}

/** Workflows that hold steps of a team; those of single rollouts hold none. */
const TYPES = ['campaign', 'evaluation', 'incident', 'mergeQueue', 'gate', 'rlTeam'] as const;
const MOST_RUNS = 5_000;

export interface Histories {
  readonly histories: readonly ReadHistory[];
  readonly cut: boolean;
}

/** @param since runs that were begun then or later; all that Temporal still has unless given */
export async function readHistories(
  client: Client,
  { since, signal }: { since?: Date | undefined; signal?: AbortSignal } = {},
): Promise<Histories> {
  const types = TYPES.map((type) => `WorkflowType = '${type}'`).join(' OR ');
  const query = since === undefined ? types : `(${types}) AND StartTime >= '${since.toISOString()}'`;
  const open = openBy(client);
  const histories: ReadHistory[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    signal?.throwIfAborted();
    if (histories.length === MOST_RUNS) return { histories, cut: true };
    histories.push(
      await readHistory(workflowId, await client.workflow.getHandle(workflowId, runId).fetchHistory(), open),
    );
  }
  return { histories, cut: false };
}

const NOT_FOUND = 5;

/** The newest run of one workflow, whole; undefined where Temporal does not know it any more. */
export async function newestHistory(client: Client, workflowId: string): Promise<ReadHistory | undefined> {
  try {
    return await readHistory(workflowId, await client.workflow.getHandle(workflowId).fetchHistory(), openBy(client));
  } catch (failure) {
    // gRPC's not found: this call is not wrapped as others are.
    if (isGrpcServiceError(failure) && Number(failure.code) === NOT_FOUND) return undefined;
    throw failure;
  }
}

/** What a run was given, by its first event alone: it never changes. */
export async function givenTo(client: Client, workflowId: string, runId: string): Promise<unknown> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    ...{ namespace: client.options.namespace, execution: { workflowId, runId }, maximumPageSize: 1 },
  });
  return history ? (await readHistory(workflowId, history, openBy(client))).input : undefined;
}

function openBy(client: Client): Open {
  const { payloadConverter } = client.options.loadedDataConverter;
  return async (payloads) => {
    if (!payloads?.length) return undefined;
    const [first] = await decodePayloads(client, [payloads[0]!]);
    return first === undefined ? undefined : payloadConverter.fromPayload(first);
  };
}

const instant = (time: Time): string =>
  new Date(Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6).toISOString();
