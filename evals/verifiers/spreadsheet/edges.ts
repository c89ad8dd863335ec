// Where the least change of figures gives another result, formulas that are as good may stand on different sides: of two dearest things one
// is named by whoever looks from the top, the other by whoever looks from the end; half a cent goes up or down by how it came about. Such a
// formula agrees a little above and a little below.
import type { Calculated } from './recalculate.ts';
import type { Change } from './secret-figures.ts';

/** Far above what arithmetic loses, far below what a task asks to be the same. */
const LEAST_CHANGE = 1e-11;
/** Whoever differs in more rounds than this share of them differs by more than edges. */
export const MOST_EDGES = 1 / 3;

/** What formulas give for some figures, cell by cell. */
export type Calculate = (
  rounds: readonly (readonly Change[])[],
) => Promise<readonly (readonly Calculated[])[] | undefined>;

export interface Unlike {
  readonly inputs: readonly Change[];
  /** Where the cell stands in the values. */
  readonly index: number;
  readonly expected: Calculated;
  readonly seen: Calculated;
}

/**
 * The first that is no edge, or one with a result of its own, as a draw and what a guard gives have: that is asked for.
 * @param asked what the task's formulas give
 * @param given what the formulas give that are judged; undefined where they give nothing
 */
export async function notAtEdge(
  unlike: readonly Unlike[],
  asked: Calculate,
  given: Calculate,
  same: (expected: Calculated, seen: Calculated) => boolean,
): Promise<Unlike | undefined> {
  const figures = unlike.flatMap(({ inputs }) => [moved(inputs, 1), moved(inputs, -1)]);
  const [ours, theirs] = [await asked(figures), await given(figures)];
  if (ours === undefined || theirs === undefined) return unlike[0];
  return unlike.find(({ index, expected, seen }, number) => {
    const [above, below] = [2 * number, 2 * number + 1] as const;
    const agree = [above, below].every((side) => same(ours[side]![index]!, theirs[side]![index]!));
    const values = [ours[above]![index]!, ours[below]![index]!];
    const other = values.filter((value) => !same(expected, value));
    return !agree || other.length !== 1 || !same(other[0]!, seen);
  });
}

/** Each by another amount, so that no two stay the same. */
const moved = (inputs: readonly Change[], way: 1 | -1): readonly Change[] =>
  inputs.map(({ value, ...at }, index) => ({
    ...at,
    value: value + way * LEAST_CHANGE * Math.max(1, Math.abs(value)) * (1 + index / inputs.length),
  }));
