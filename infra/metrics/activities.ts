// Every activity, timed and counted by its result: an interceptor of the worker, so that no activity knows of it.
import { CancelledFailure } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { errorCode } from '../../contracts/errors.ts';
import type { WorkerMetrics } from './registry.ts';

/** For `Worker.create({interceptors: {activity: [countActivities(metrics)]}})`. */
export function countActivities(metrics: WorkerMetrics): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const activity = info.activityType;
        if (info.attempt > 1) metrics.anneal_activity_retries_total.inc({ activity });
        const end = metrics.anneal_activity_seconds.startTimer({ activity });
        try {
          const result = await next(input);
          metrics.anneal_activities_total.inc({ activity, result: 'done' });
          return result;
        } catch (failure) {
          metrics.anneal_activities_total.inc({ activity, result: resultOf(failure) });
          throw failure;
        } finally {
          end();
        }
      },
    },
  });
}

/** Outside of the boundary our errors are ApplicationFailures whose type is the code. */
function resultOf(failure: unknown): string {
  if (failure instanceof CancelledFailure || (failure instanceof Error && failure.name === 'AbortError'))
    return 'cancelled';
  const code = errorCode.safeParse(failure instanceof ApplicationFailure ? failure.type : undefined);
  return code.success ? code.data : 'internal.bug';
}
