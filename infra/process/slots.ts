// Bounded concurrency: whoever finds no free slot waits for one, in the order of asking.

/** Numbered slots: `run` gets the number of one that nobody else holds. */
export function createSlots(count: number): <T>(run: (slot: number) => Promise<T>) => Promise<T> {
  const free = Array.from({ length: Math.max(1, count) }, (_, index) => index);
  const waiting: ((slot: number) => void)[] = [];
  return async (run) => {
    const slot = free.shift() ?? (await new Promise<number>((resolve) => waiting.push(resolve)));
    try {
      return await run(slot);
    } finally {
      const next = waiting.shift();
      // The one that was in use last: what belongs to a slot is made for as few as there is work.
      if (next === undefined) free.unshift(slot);
      else next(slot);
    }
  };
}
