// Issues of a forge are told how their ticket ended: one comment for each end, whoever dies on the way.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { AnnealError } from '../contracts/errors.ts';
import type { Forge } from '../contracts/forge.ts';
import { incidentKey } from '../contracts/names.ts';
import {
  type IssueTold,
  issueTold,
  MOST_ISSUES,
  type TicketEnd,
  type TicketName,
  ticketIssue,
  ticketOf,
} from '../contracts/ticket.ts';
import { actionFor } from '../policies/retry.ts';
import { issueComment } from '../policies/ticket-comment.ts';
import { known, once } from './once.ts';

export interface TellIssues {
  readonly ticket: TicketName;
  readonly end: TicketEnd;
  readonly isVouched: boolean;
  /** Undefined: the repository has no forge any more. */
  readonly at: { readonly forge: Pick<Forge, 'commentIssue'>; readonly project: string | undefined } | undefined;
}

/** @throws AnnealError what passes by itself: nothing is on record then, and it is told by whoever asks again */
export async function tellIssues(store: ArtifactStore, of: TellIssues): Promise<IssueTold[]> {
  const { ticket, at } = of;
  const told: IssueTold[] = [];
  const keys = await store.listNamed(incidentKey(ticketOf(ticket), 'issues/'));
  for (const key of keys.slice(0, MOST_ISSUES)) {
    const which = (await known(store, key, ticketIssue))!;
    const word = incidentKey(ticket, `told/${which.issue}`);
    const before = await known(store, word, issueTold);
    if (before === undefined) await store.createNamed(word, canonicalJson(issueTold.parse(await tell(which))));
    told.push(before ?? (await known(store, word, issueTold))!);
  }
  return told;

  async function tell(which: z.infer<typeof ticketIssue>): Promise<IssueTold> {
    if (at === undefined || at.project !== which.project)
      return { ...which, how: 'not-told', why: 'its repository has another forge now' };
    // Drawn before anything is said, and kept: nobody at the forge can have written it, and whoever says it again finds it.
    const drawn = await once(store, incidentKey(ticket, `mark/${which.issue}`), z.string(), async () =>
      randomBytes(16).toString('hex'),
    );
    const said = { number: which.issue, mark: `<!-- anneal: ${ticket} ${drawn} -->`, text: issueComment(of) };
    try {
      await at.forge.commentIssue(said);
      return { ...which, how: 'told' };
    } catch (failure) {
      if (!(failure instanceof AnnealError) || actionFor(failure.code) === 'retry') throw failure;
      return { ...which, how: 'not-told', why: `${failure.code}: ${failure.message}` };
    }
  }
}
