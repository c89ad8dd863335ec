// A few at a time, with results that do not depend on who was faster.

/**
 * @param isLast whether nothing after this one is wanted
 * @returns in the order of the items, up to the first that is the last
 * @throws what the first of these threw, once none of them runs any more
 */
export async function inTurn<Item, Result>(
  items: readonly Item[],
  atATime: number,
  run: (item: Item, index: number) => Promise<Result>,
  isLast: (result: Result) => boolean,
): Promise<Result[]> {
  const results: Result[] = [];
  let failure: { readonly at: number; readonly why: unknown } | undefined;
  let next = 0;
  let end = items.length;
  const work = async (): Promise<void> => {
    for (let at = next++; at < end; at = next++) {
      try {
        const result = await run(items[at]!, at);
        results[at] = result;
        if (isLast(result)) end = Math.min(end, at + 1);
      } catch (why) {
        end = Math.min(end, at + 1);
        if (failure === undefined || at < failure.at) failure = { at, why };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, work));
  if (failure !== undefined && failure.at < end) throw failure.why;
  return results.slice(0, end);
}
