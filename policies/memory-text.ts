// What of a case is remembered, in words, and how it is shown again. Pure.
import type { Attempt } from '../contracts/incident.ts';
import { type MemoryEntry, MOST_MEMORY } from '../contracts/memory.ts';

const MOST_WHY = 300;

/** Its title, how it ended, what was tried and came to nothing. */
export function remembered({
  title,
  end,
}: {
  readonly title: string;
  readonly end: {
    readonly how: string;
    readonly why?: string;
    readonly tried: readonly Attempt[];
    readonly commit?: string;
  };
}): string {
  const lines = [
    title,
    `It ended as ${end.how}${end.commit === undefined ? '' : `, by commit ${end.commit.slice(0, 12)}`}${end.why === undefined ? '' : `: ${end.why.slice(0, MOST_WHY)}`}`,
    ...end.tried.map(
      ({ by, with: which, why }) =>
        `Tried by ${by}${which === undefined ? '' : ` (${which})`}: ${why.slice(0, MOST_WHY)}`,
    ),
  ];
  return lines.join('\n').slice(0, MOST_MEMORY);
}

/** As data among other data; where its words are from is said with them. */
export const asMaterial = ({ kind, text, from, tainted, at }: MemoryEntry): { title: string; text: string } => ({
  title: `${kind} remembered from ${from.case} of ${at.slice(0, 10)}${tainted ? ', words that nobody vouches for' : ''}`,
  text,
});
