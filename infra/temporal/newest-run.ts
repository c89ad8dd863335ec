// The newest run of a workflow, by its id: unlike the list of campaigns, this answer is never behind.
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Execution } from '../../policies/team-reservations.ts';

export interface NewestRun extends Execution {
  readonly closedAt: Date | undefined;
}

/** Undefined when Temporal does not know it, or not any more. */
export async function newestRun(client: Client, workflowId: string): Promise<NewestRun | undefined> {
  try {
    const { runId, status, closeTime } = await client.workflow.getHandle(workflowId).describe();
    return { run: runId, running: status.name === 'RUNNING', closedAt: closeTime };
  } catch (failure) {
    if (failure instanceof WorkflowNotFoundError) return undefined;
    throw failure;
  }
}
