// What a round leaves in Temporal: the histories of its campaign run and of every workflow that this run started.
import type { Client } from '@temporalio/client';

export interface HistorySize {
  readonly workflows: number;
  readonly events: number;
  /** As the server counts them, for its own limits. */
  readonly bytes: number;
  /** Completed workflow tasks: how often a worker was woken to decide. */
  readonly workflowTasks: number;
}

export async function historySize(client: Client, workflowId: string, runId: string): Promise<HistorySize> {
  const handle = client.workflow.getHandle(workflowId, runId);
  const [{ events = [] }, { historySize: bytes = 0 }] = await Promise.all([handle.fetchHistory(), handle.describe()]);
  let sum: HistorySize = {
    workflows: 1,
    events: events?.length ?? 0,
    bytes,
    workflowTasks: events?.filter((event) => event.workflowTaskCompletedEventAttributes).length ?? 0,
  };
  for (const event of events ?? []) {
    const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
    if (child?.workflowId && child.runId) sum = add(sum, await historySize(client, child.workflowId, child.runId));
  }
  return sum;
}

function add(a: HistorySize, b: HistorySize): HistorySize {
  return {
    workflows: a.workflows + b.workflows,
    events: a.events + b.events,
    bytes: a.bytes + b.bytes,
    workflowTasks: a.workflowTasks + b.workflowTasks,
  };
}
