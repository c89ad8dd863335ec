// Traces across Temporal: the client's call starts them, workflows carry them (workflow.ts), activities are spans.
import { fileURLToPath } from 'node:url';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import { readHeader, withHeader } from './carrier.ts';
import type { TracingSinks } from './sinks.ts';
import type { Tracing } from './tracing.ts';

/**
 * For `bundleWorkflowCode({workflowInterceptorModules})`, with traces and without: a bundle must not depend on a setting of the
 * process, and one without them would lose a campaign's trace on the first worker that lacks the endpoint.
 */
export const workflowInterceptorModules = (): string[] => {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return [fileURLToPath(new URL(`./workflow.${extension}`, import.meta.url))];
};

/** For `new Client({interceptors: {workflow: [traceClient(tracing)]}})`: the current span goes along with what is started. */
export function traceClient(tracing: Tracing): WorkflowClientInterceptor {
  return {
    start: (input, next) => {
      const attributes = { 'temporal.workflow.id': input.options.workflowId };
      return tracing.span(`start ${input.workflowType}`, { attributes, kind: 'producer' }, () =>
        next({ ...input, headers: withHeader(input.headers, tracing.current()) }),
      );
    },
  };
}

/** For `Worker.create({interceptors: {activity: [traceActivities(tracing)]}})`. What belongs to no trace starts none. */
export function traceActivities(tracing: Tracing): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      execute(input, next) {
        const parent = readHeader(input.headers);
        if (parent === undefined) return next(input);
        const { activityType, activityId, attempt, taskQueue, workflowExecution } = info;
        const attributes = {
          'temporal.activity.id': activityId,
          'temporal.activity.attempt': attempt,
          'temporal.task_queue': taskQueue,
          ...(workflowExecution === undefined
            ? {}
            : { 'temporal.workflow.id': workflowExecution.workflowId, 'temporal.run.id': workflowExecution.runId }),
        };
        return tracing.span(activityType, { parent, attributes, kind: 'consumer' }, () => next(input));
      },
    },
  });
}

/** For `Worker.create({sinks})`, of every worker: a workflow that carries a trace tells of its runs whoever runs it. */
export function tracingSinks(tracing: Tracing | undefined): InjectedSinks<TracingSinks> {
  return {
    tracing: {
      ended: {
        // A replay tells of what has been told.
        callDuringReplay: false,
        fn(_, { parent, spanId, workflowId, workflowType, runId, startedAt, how }) {
          tracing?.record({
            ...{ name: workflowType, parent, spanId, startedAt, failed: how === 'failed' },
            attributes: { 'temporal.workflow.id': workflowId, 'temporal.run.id': runId, 'anneal.how': how },
          });
        },
      },
    },
  };
}
