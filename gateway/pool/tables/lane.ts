// Work in the background, one piece at a time: whoever hands in the next one waits until the one before has ended, so that never more than
// one runs while another is prepared.
export interface Lane {
  /** Resolves when the work has begun. Throws what the work before it threw. */
  begin(work: () => Promise<void>): Promise<void>;
  /** Resolves when nothing runs any more. Throws what the last work threw, unless it was thrown already. */
  end(): Promise<void>;
}

export function openLane(): Lane {
  let running: Promise<void> = Promise.resolve();

  async function end(): Promise<void> {
    const last = running;
    running = Promise.resolve();
    await last;
  }

  return {
    async begin(work) {
      await end();
      running = work();
      // It is thrown to who waits for it, however long that takes.
      running.catch(() => undefined);
    },
    end,
  };
}
