// Runs something as an activity of its first attempt: for what asks Temporal's context for no more than that.
import { asyncLocalStorage, type Context } from '@temporalio/activity';

/** @param signal of its cancellation; undefined: nobody cancels it */
export function inActivity<T>(run: () => Promise<T>, signal = new AbortController().signal): Promise<T> {
  const context = {
    ...{ info: { attempt: 1 }, cancellationSignal: signal, heartbeat: () => undefined },
  } as unknown as Context;
  return asyncLocalStorage.run(context, run);
}
