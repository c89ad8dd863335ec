// The fixed part of the visible split that every candidate is measured on.
import { createRandom } from './random.ts';

/**
 * Ids of `count` tasks, or of all when there are fewer: families in an order that follows from the seed, one task of each in turns. The
 * interval of a gain goes by families, so that few tasks of many families tell most. Which tasks training draws is not looked at:
 * those are easier to gain on, and an honest campaign would seem to overfit.
 */
export function visiblePart<Id extends string>(
  tasks: readonly { readonly id: Id; readonly family: string }[],
  count: number,
  seed: number,
): Id[] {
  const families = new Map<string, Id[]>();
  for (const { id, family } of [...tasks].sort((a, b) => (a.id < b.id ? -1 : 1)))
    families.set(family, [...(families.get(family) ?? []), id]);
  const random = createRandom('visible part', seed);
  const waiting = random.shuffle(
    [...families].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ids]) => random.shuffle(ids)),
  );
  const turns = Math.max(0, ...waiting.map((ids) => ids.length));
  const chosen = Array.from({ length: turns }, (_, turn) => waiting.flatMap((ids) => ids.slice(turn, turn + 1))).flat();
  return chosen.slice(0, count).sort();
}
