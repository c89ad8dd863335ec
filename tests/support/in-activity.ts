// Runs something as an activity of its first attempt that nobody cancels: for what asks Temporal's context for no more than that.
import { asyncLocalStorage, type Context } from '@temporalio/activity';

export function inActivity<T>(run: () => Promise<T>): Promise<T> {
  const context = {
    ...{ info: { attempt: 1 }, cancellationSignal: new AbortController().signal, heartbeat: () => undefined },
  } as unknown as Context;
  return asyncLocalStorage.run(context, run);
}
