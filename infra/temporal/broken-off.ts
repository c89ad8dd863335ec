// Runs that were cut off: Temporal has closed the workflow, but the workflow has not come to its own end. Such a run answers
// queries with its last stage for ever, so that only its execution tells that nothing more will come.
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

/**
 * Who closed the run and why, as the end of a sentence. Undefined while it runs and after its own end.
 * @throws WorkflowNotFoundError when Temporal does not know it
 */
export async function howBrokenOff(client: Client, workflowId: string): Promise<string | undefined> {
  const handle = client.workflow.getHandle(workflowId);
  const { status } = await handle.describe();
  switch (status.name) {
    case 'TERMINATED':
      return `was terminated: ${await reason()}`;
    case 'FAILED':
      return `failed: ${await reason()}`;
    case 'TIMED_OUT':
      return 'met a time limit of its workflow';
    case 'CANCELLED':
      return 'was cancelled before it could end by itself';
    default:
      return undefined;
  }

  async function reason(): Promise<string> {
    try {
      await handle.result();
    } catch (failure) {
      let cause: unknown = failure instanceof WorkflowFailedError ? failure.cause : failure;
      while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
      if (cause instanceof ApplicationFailure && cause.type) return `${cause.type}: ${cause.message}`;
      if (cause instanceof Error) return cause.message;
    }
    return 'no reason is given';
  }
}
