// Ctrl-C ends what a benchmark has started: the stack's processes have sessions of their own and would outlive it.
const open = new Set<AsyncDisposableStack>();

/** A stack that is disposed on Ctrl-C too, not only at the end of its scope. */
export function endingStack(): AsyncDisposableStack {
  const stack = new AsyncDisposableStack();
  open.add(stack);
  // Deferred first, so done last: until then there is something left to wait for.
  stack.defer(() => void open.delete(stack));
  return stack;
}

/** Runs `work`; on SIGINT or SIGTERM ends what is open and exits, however often the signal comes. */
export async function untilInterrupted(work: () => Promise<void>): Promise<void> {
  let ending: Promise<never> | undefined;
  const end = (why: string, code: number): void => {
    ending ??= endAll(why).then(() => process.exit(code));
  };
  process.on('SIGINT', () => end('interrupted', 130));
  process.on('SIGTERM', () => end('terminated', 143));
  // Also while ending: a client that retries throws from a timer when its server is taken away.
  process.on('uncaughtException', (failure) => end(`${failure.stack}`, 1));
  try {
    await work();
  } catch (failure) {
    // What was ended under it made it fail.
    if (ending === undefined) throw failure;
  }
  await ending;
}

async function endAll(why: string): Promise<void> {
  process.stderr.write(`${why}: stopping what was started\n`);
  const ended = await Promise.allSettled([...open].map((stack) => stack.disposeAsync()));
  for (const one of ended) if (one.status === 'rejected') process.stderr.write(`not stopped cleanly: ${one.reason}\n`);
}
