// What is decided in working tickets: which comes next, whether another attempt is made and when, and when an agent stands still. Pure.
import type { TicketSettings } from '../contracts/repositories.ts';
import {
  type SessionEnd,
  type TicketName,
  type TicketPriority,
  type TicketSpent,
  ticketPriority,
} from '../contracts/ticket.ts';
import { createRandom } from './random.ts';

/** The most pressing first, and of those whoever came first. @returns its index; -1: nothing waits */
export function nextTicket(waiting: readonly { readonly priority: TicketPriority }[]): number {
  const rank = ({ priority }: { priority: TicketPriority }): number => ticketPriority.options.indexOf(priority);
  return waiting.reduce((best, one, at) => (best === -1 || rank(one) < rank(waiting[best]!) ? at : best), -1);
}

export type Bounds = Pick<TicketSettings['budget'], 'turns' | 'tokens'> & { readonly seconds: number };

export type Next =
  | { readonly how: 'attempt'; readonly budget: Bounds; readonly afterMs: number }
  | { readonly how: 'stop'; readonly why: string };

/** Not worth a request. */
const LEAST: Bounds = { turns: 2, tokens: 500, seconds: 5 };

/**
 * @param spent one for each attempt of this phase: before the approval and after it they are counted apart
 * @param ticket tells this ticket's chance from others': agents that failed together do not come back together
 */
export function nextAttempt(of: {
  readonly ticket: TicketName;
  readonly spent: readonly TicketSpent[];
  readonly most: number;
  readonly budget: Bounds;
  readonly backOff: { readonly firstMs: number; readonly mostMs: number };
}): Next {
  const { ticket, spent, most, budget, backOff } = of;
  const left = leftOf(budget, spent);
  const used = (['turns', 'tokens', 'seconds'] as const).find((what) => left[what] < LEAST[what]);
  if (used !== undefined) return { how: 'stop', why: `its budget of ${used} is used up (${budget[used]})` };
  if (spent.length >= most)
    return { how: 'stop', why: `${most === 1 ? 'its one attempt' : `all ${most} attempts`} came to nothing` };
  const afterMs = spent.length === 0 ? 0 : backOffMs(ticket, spent.length, backOff);
  return { how: 'attempt', budget: left, afterMs };
}

function leftOf(budget: Bounds, spent: readonly TicketSpent[]): Bounds {
  const sum = (what: keyof Bounds): number => spent.reduce((total, one) => total + one[what], 0);
  return {
    turns: Math.max(0, budget.turns - sum('turns')),
    tokens: Math.max(0, budget.tokens - sum('tokens')),
    seconds: Math.max(0, Math.floor(budget.seconds - sum('seconds'))),
  };
}

/** Twice as long each time, up to a bound; somewhere in the upper half of that. */
export function backOffMs(
  ticket: TicketName,
  failures: number,
  { firstMs, mostMs }: { readonly firstMs: number; readonly mostMs: number },
): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(30, failures - 1));
  return Math.round(whole * (0.5 + createRandom(ticket, failures).unit() / 2));
}

/** What another session could do better; the others say that nothing is to be had. */
export const isWorthAnother = (end: SessionEnd): boolean => end !== 'gave-up';

/** One turn of an agent: what it called with which arguments, and what came back. */
export interface SeenTurn {
  readonly did: string;
  readonly saw: string;
  /** It writes: what it writes for the first time is something new, whatever comes back. */
  readonly edits: boolean;
}

/**
 * Whether the last turns, so many of them, brought nothing: no edit that was not made before, nothing seen that was not seen before.
 * Something that is asked again and answers otherwise is waited for, and is new.
 */
export function isStalled(turns: readonly SeenTurn[], after: number): boolean {
  if (turns.length <= after) return false;
  const [saw, did] = [new Set<string>(), new Set<string>()];
  let barren = 0;
  for (const turn of turns) {
    const isNew = turn.edits ? !did.has(turn.did) : !saw.has(turn.saw);
    barren = isNew ? 0 : barren + 1;
    saw.add(turn.saw);
    did.add(turn.did);
  }
  return barren >= after;
}
