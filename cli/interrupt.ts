// Ctrl-C and SIGTERM as a signal to stop with, once: a second one ends the process at once.

/** The exit code of a command that was interrupted, as shells have it. */
export const INTERRUPTED = 130;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** For a Ctrl-C that reached a prompt instead of the process: a terminal that reads keys sends no signal. */
  abort(): void;
  close(): void;
}

export function openInterrupt(): Interrupt {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  return {
    signal: controller.signal,
    abort,
    close() {
      process.off('SIGINT', abort);
      process.off('SIGTERM', abort);
    },
  };
}

/** Runs `work` until it is done or interrupted. Interrupted, it says `left` and sets the exit code. */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>, left: string): Promise<void> {
  const interrupt = openInterrupt();
  try {
    await work(interrupt.signal);
  } catch (failure) {
    if (!interrupt.signal.aborted) throw failure;
    process.stderr.write(`\n${left}\n`);
    process.exitCode = INTERRUPTED;
  } finally {
    interrupt.close();
  }
}
