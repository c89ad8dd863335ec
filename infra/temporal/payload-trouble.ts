// Payloads that one side cannot read. A worker fails such a workflow's tasks, Temporal repeats them for ever, and who waits for the
// workflow would wait with them: so each side looks before it starts, and while it waits.
import type { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { AnnealError, errorCode } from '../../contracts/errors.ts';

/** Campaigns that are looked at: keys change seldom, so that a few tell as much as all. */
const SAMPLE = 50;

export async function decodePayloads(client: Client, payloads: Payload[]): Promise<Payload[]> {
  let decoded = payloads;
  for (const codec of client.options.loadedDataConverter.payloadCodecs.toReversed())
    decoded = await codec.decode(decoded);
  return decoded;
}

/**
 * Opens what the running campaigns have stored beside them (their memo).
 * @throws AnnealError `payload.*`, naming the first campaign that cannot be read
 */
export async function refuseUnlessReadable(client: Client): Promise<void> {
  const { namespace } = client.options;
  const { executions } = await client.workflowService.listWorkflowExecutions({
    namespace,
    query: `WorkflowType = 'campaign' AND ExecutionStatus = 'Running'`,
    pageSize: SAMPLE,
  });
  for (const { execution, memo } of executions ?? []) {
    try {
      await decodePayloads(client, Object.values(memo?.fields ?? {}));
    } catch (failure) {
      if (!(failure instanceof AnnealError)) throw failure;
      throw new AnnealError(failure.code, `${execution?.workflowId}: ${failure.message}`, { cause: failure });
    }
  }
}

/** Why a workflow's tasks fail over and over, when a payload is why; undefined when they do not. */
export async function unreadableFor(client: Client, workflowId: string): Promise<AnnealError | undefined> {
  const { namespace } = client.options;
  const execution = { workflowId };
  const { pendingWorkflowTask } = await client.workflowService.describeWorkflowExecution({ namespace, execution });
  if ((pendingWorkflowTask?.attempt ?? 0) <= 1) return undefined;
  // Only the first of a row of failures is written down; it is among the last events.
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace,
    execution,
    maximumPageSize: 10,
  });
  const failed = history?.events?.find((event) => event.workflowTaskFailedEventAttributes);
  const failure = failed?.workflowTaskFailedEventAttributes?.failure;
  const code = errorCode.safeParse(failure?.applicationFailureInfo?.type);
  if (!code.success || !code.data.startsWith('payload.')) return undefined;
  // The message is encrypted as well, perhaps with the very key that is not here.
  const [said] = failure?.encodedAttributes
    ? await decodePayloads(client, [failure.encodedAttributes]).catch(() => [])
    : [];
  const told = said?.data ? messageIn(said.data) : (failure?.message ?? undefined);
  return new AnnealError(code.data, `the worker cannot read ${workflowId}${told ? `: ${told}` : ''}`);
}

function messageIn(data: Uint8Array): string | undefined {
  const attributes: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
  if (typeof attributes !== 'object' || attributes === null || !('message' in attributes)) return undefined;
  return String(attributes.message);
}
