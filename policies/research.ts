// How a research is divided and paid for. Pure.
import type { Claim, Drops, Reading, ResearchBudget, Spent } from '../contracts/research.ts';

/** Passages: that are read for one question; that are quoted in place of an answer; that are named beside one. */
export const MOST_EXTRACTS = { read: 12, alone: 5, beside: 3 } as const;
const IN_A_PART = 6;
/** Sub-agents at a time. */
export const AT_ONCE = 3;

export interface Part {
  readonly question: number;
  readonly part: number;
}

/** @param found how many passages each question has */
export const partsOf = (found: readonly number[]): Part[] =>
  found.flatMap((count, question) =>
    Array.from({ length: Math.ceil(count / IN_A_PART) }, (_, part) => ({ question, part })),
  );

export const passagesOfPart = <T>(found: readonly T[], part: number): readonly T[] =>
  found.slice(part * IN_A_PART, (part + 1) * IN_A_PART);

export interface NumberedClaim extends Claim {
  readonly question: number;
}

/** Each once, with ids of the report's own; the same words about the same lines are one claim, whoever said them. */
export function mergedClaims(readings: readonly (Pick<Reading, 'claims'> & { readonly part: Part })[]): {
  readonly claims: readonly NumberedClaim[];
  readonly twice: number;
} {
  const seen = new Set<string>();
  const claims: NumberedClaim[] = [];
  let twice = 0;
  const sorted = readings.toSorted((a, b) => a.part.question - b.part.question || a.part.part - b.part.part);
  for (const { part, claims: some } of sorted)
    for (const { text, citations } of some) {
      const what = text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
        .trim();
      if (seen.has(what)) twice += 1;
      else claims.push({ id: `c${claims.length + 1}`, text, citations, question: part.question });
      seen.add(what);
    }
  return { claims, twice };
}

export function sumOfDrops(all: readonly Partial<Record<string, number>>[]): Drops {
  const sum: Record<string, number> = {};
  for (const one of all)
    for (const [why, count] of Object.entries(one))
      if (count !== undefined && count > 0) sum[why] = (sum[why] ?? 0) + count;
  return sum as Drops;
}

export const plus = (a: Spent, b: Spent): Spent => ({ turns: a.turns + b.turns, tokens: a.tokens + b.tokens });

/** Of one sub-agent: a try and another one where the answer has no form. */
const SHARE: ResearchBudget = { turns: 2, tokens: 8_000, seconds: 600 };

/** What is left, as much of it as one sub-agent may have; undefined: none may begin. */
export function shareOf(budget: ResearchBudget, spent: Spent, seconds: number): ResearchBudget | undefined {
  const left = {
    turns: budget.turns - spent.turns,
    tokens: budget.tokens - spent.tokens,
    seconds: Math.floor(budget.seconds - seconds),
  };
  if (left.turns < 1 || left.tokens < 1 || left.seconds < 1) return undefined;
  return {
    turns: Math.min(left.turns, SHARE.turns),
    tokens: Math.min(left.tokens, SHARE.tokens),
    seconds: Math.min(left.seconds, SHARE.seconds),
  };
}
