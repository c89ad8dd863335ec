// Quantities with units. A bare number where a duration is meant is refused: 30 of what?
import { z } from 'zod';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `15m`, `2h`, `500ms`, `1d`. Kept as written; use `durationMs` to compute. */
export const duration = z
  .string('a duration with a unit, for example 90s, 15m or 2h')
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'a duration with a unit, for example 90s, 15m or 2h')
  .meta({ unit: 'duration' });
export type Duration = z.infer<typeof duration>;

export function durationMs(text: Duration): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) throw new RangeError(`not a duration: ${text}`);
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/** A share between 0 and 1. */
export const fraction = z.number().min(0).max(1);
