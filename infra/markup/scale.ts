// Axes: round numbers for ticks, and data to drawing coordinates.

export interface Axis {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
}

const TINY = 1e-12;

/** An axis over the values with three to six ticks at 1, 2 or 5 times a power of ten; `whole`: never between integers. */
export function axisFor(
  values: readonly number[],
  { zero = false, whole = false }: { zero?: boolean; whole?: boolean } = {},
): Axis {
  const known = values.filter(Number.isFinite);
  if (known.length === 0) return { min: 0, max: 1, ticks: [0, 0.5, 1] };
  let low = Math.min(...known);
  let high = Math.max(...known);
  if (zero) {
    low = Math.min(0, low);
    high = Math.max(0, high);
  }
  // All but equal values would give steps below what a double resolves.
  if (high - low <= Math.max(TINY, 1e-9 * Math.max(Math.abs(low), Math.abs(high)))) {
    const room = Math.abs(high) > TINY ? Math.abs(high) / 2 : 1;
    high += room;
    if (!(zero && Math.abs(low) <= TINY)) low -= room;
  }
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const step = whole ? Math.max(1, nice) : nice;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  // Multiples of the step, rounded to its own precision: 3 × 0.1 is 0.3.
  const digits = Math.max(0, -Math.floor(Math.log10(step)) + 1);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toFixed(Math.min(20, digits))),
  );
  return { min: ticks[0] ?? low, max: ticks.at(-1) ?? high, ticks };
}

/** Maps data onto a range of drawing units, rounded so that the page stays small. */
export function linear(from: readonly [number, number], to: readonly [number, number]): (value: number) => number {
  const slope = (to[1] - to[0]) / (from[1] - from[0] || 1);
  return (value) => Number((to[0] + (value - from[0]) * slope).toFixed(1));
}

/** Which of `count` labels to show when there is room for `room` of them: every so many, from the first. */
export function thinned(count: number, room: number): (index: number) => boolean {
  const stride = Math.max(1, Math.ceil(count / Math.max(1, room)));
  return (index) => index % stride === 0;
}
