// The order in which the lanes of a shard play its rollouts.

export interface Turns {
  /**
   * The next rollout for a lane that played `previous`: another of the same group while there is one, because the engine still
   * holds that prompt evaluated; then one of the group with most left. Undefined when all are given out.
   */
  next(previous?: number): number | undefined;
  /** Rollouts that are not given out. */
  left(): number;
}

/** @param groupSize the plan lists its rollouts group by group, each of this many. */
export function createTurns(start: number, end: number, groupSize: number): Turns {
  const left = new Map<number, number[]>();
  let count = Math.max(0, end - start);
  for (let index = start; index < end; index += 1) {
    const group = Math.floor(index / groupSize);
    const rollouts = left.get(group);
    if (rollouts === undefined) left.set(group, [index]);
    else rollouts.push(index);
  }

  function fullest(): number | undefined {
    let found: number | undefined;
    for (const [group, rollouts] of left) {
      if (found === undefined || rollouts.length > left.get(found)!.length) found = group;
      // None has more: groups that nobody has begun come first, and there may be thousands.
      if (rollouts.length === groupSize) break;
    }
    return found;
  }

  return {
    next(previous) {
      const own = previous === undefined ? undefined : Math.floor(previous / groupSize);
      const group = own !== undefined && left.has(own) ? own : fullest();
      if (group === undefined) return undefined;
      const rollouts = left.get(group)!;
      const index = rollouts.shift();
      count -= 1;
      if (rollouts.length === 0) left.delete(group);
      return index;
    },
    left: () => count,
  };
}
