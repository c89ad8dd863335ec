// Taking what a source has: all of it, or as much as may be open at a time.
import type { FoundTicket, Taken, TicketSource } from '../../contracts/ticket.ts';
import type { TakeBy, Tickets } from '../temporal/tickets.ts';

export type TookOne = { readonly key: string } & (Taken | { readonly how: 'unfit'; readonly why: string });
export interface Took {
  readonly all: readonly TookOne[];
  /** Why it stopped before the source's end: so many of its tickets have not ended, or so many entries were read. */
  readonly stopped?: 'open' | 'read';
}
export interface TakeBounds {
  /** Tickets of this source that have not ended. */
  readonly open: number;
  readonly read: number;
}

export async function takeFrom(
  source: TicketSource,
  tickets: Pick<Tickets, 'take'>,
  by: TakeBy,
  bounds: TakeBounds = { open: Number.POSITIVE_INFINITY, read: Number.POSITIVE_INFINITY },
): Promise<Took> {
  const all: TookOne[] = [];
  let open = 0;
  for await (const found of source.list()) {
    if (open >= bounds.open) return { all, stopped: 'open' };
    if (all.length >= bounds.read) return { all, stopped: 'read' };
    const one = await takeOne(found);
    all.push(one);
    if (one.how !== 'unfit' && one.ended !== true) open += 1;
  }
  return { all };

  async function takeOne(found: FoundTicket): Promise<TookOne> {
    if (found.how === 'unfit') return found;
    return { key: found.key, ...(await tickets.take(found.draft, by, found.key)) };
  }
}
