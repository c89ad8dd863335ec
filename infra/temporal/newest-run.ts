// The newest run of a workflow, by its id: unlike the list of campaigns, this answer is never behind.
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Execution } from '../../policies/team-reservations.ts';

export interface NewestRun extends Execution {
  readonly closedAt: Date | undefined;
}

/** Undefined when Temporal does not know it, or not any more. */
export async function newestRun(client: Client, workflowId: string): Promise<NewestRun | undefined> {
  try {
    const { runId, closeTime } = await client.workflow.getHandle(workflowId).describe();
    // One that somebody paused runs too: by its status it does not.
    return { run: runId, running: closeTime === undefined, closedAt: closeTime };
  } catch (failure) {
    if (failure instanceof WorkflowNotFoundError) return undefined;
    throw failure;
  }
}
