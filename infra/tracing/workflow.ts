// Part of the workflow bundle: carries the trace through workflows. It draws nothing, waits for nothing and adds no command, so
// that a history replays the same with it and without it, with a trace and without one.
import {
  ContinueAsNew,
  isCancellation,
  proxySinks,
  type WorkflowInterceptors,
  workflowInfo,
} from '@temporalio/workflow';
import { readHeader, spanIdOfRun, type TraceParent, withHeader } from './carrier.ts';
import type { RunSpan, TracingSinks } from './sinks.ts';

export const interceptors = (): WorkflowInterceptors => {
  const { tracing } = proxySinks<TracingSinks>();
  /** Where this run's own span hangs. */
  let parent: TraceParent | undefined;
  /** This run's own span: what it starts hangs there. */
  let own: TraceParent | undefined;

  function ended(how: RunSpan['how']): void {
    if (parent === undefined || own === undefined) return;
    const { workflowId, workflowType, runId, runStartTime } = workflowInfo();
    tracing.ended({
      parent,
      spanId: own.spanId,
      workflowId,
      workflowType,
      runId,
      startedAt: runStartTime.getTime(),
      how,
    });
  }

  return {
    inbound: [
      {
        execute(input, next) {
          parent = readHeader(input.headers);
          own = parent && { ...parent, spanId: spanIdOfRun(workflowInfo().runId) };
          const running = next(input);
          // Beside the run, never between: the promise that the SDK waits for is the workflow's own.
          running.then(
            () => ended('done'),
            (failure: unknown) => {
              if (failure instanceof ContinueAsNew) ended('continued');
              else ended(isCancellation(failure) ? 'cancelled' : 'failed');
            },
          );
          return running;
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next({ ...input, headers: withHeader(input.headers, own) }),
        startChildWorkflowExecution: (input, next) => next({ ...input, headers: withHeader(input.headers, own) }),
        signalWorkflow: (input, next) => next({ ...input, headers: withHeader(input.headers, own) }),
        // The next run is this one's sibling: a campaign of a thousand rounds is not a thousand levels deep.
        continueAsNew: (input, next) => next({ ...input, headers: withHeader(input.headers, parent) }),
      },
    ],
  };
};
