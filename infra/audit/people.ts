// What an audit log says of the registry of people, held against the registry itself: every change stands in both, byte for byte.

import { hashOf } from './names.ts';
import type { AuditProblem, ReadEntry } from './verify.ts';

/** @param texts of the registry's entries, the first first */
export function peopleProblems(entries: readonly ReadEntry[], texts: readonly string[]): AuditProblem[] {
  const noted = new Map<number, { readonly number: number; readonly hash: string }>();
  for (const { entry } of entries)
    if (entry.event.what === 'people-changed')
      noted.set(entry.event.number, { number: entry.number, hash: entry.event.entry });
  const missing = [...noted]
    .filter(([at, { hash }]) => texts[at - 1] === undefined || hashOf(texts[at - 1]!) !== hash)
    .map(([at, { number }]) => ({ number, what: `entry ${at} of the registry of people is another one, or gone` }));
  const unnoted = texts
    .map((_, at) => at + 1)
    .filter((at) => !noted.has(at))
    .map((at) => ({ number: 0, what: `entry ${at} of the registry of people was never noted here` }));
  return [...missing, ...unnoted];
}
