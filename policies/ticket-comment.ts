// What an issue is told of how its ticket ended. Anybody reads it, and anybody's words may have led the agent: of those that nobody answers for it
// says from which record they ended, and repeats no word of a model. Pure.
import type { TicketEnd, TicketReason } from '../contracts/ticket.ts';
import { asBlock, asCode } from './forge-text.ts';

/** `vouched`: the record's own words besides, where somebody answers for the ticket's. */
const REASONS = {
  asked: { says: 'somebody wants it so', words: 'always' },
  'used-up': { says: 'its attempts or its budget are used up', words: 'vouched' },
  'gave-up': { says: 'the agent found no change to make', words: 'vouched' },
  undecided: { says: 'nobody decided on its change in time', words: 'never' },
  moved: { says: 'the branch has moved so that its change does not land', words: 'vouched' },
  'no-model': { says: 'no model is configured that could work on it', words: 'never' },
  fault: { says: 'the machine was at fault', words: 'never' },
  'human-no': { says: 'a human decided against its change', words: 'never' },
  review: { says: 'the review of its change speaks against it', words: 'never' },
  paths: { says: 'its change touches what no agent changes', words: 'vouched' },
  'there-already': { says: 'what it makes is on the branch already', words: 'never' },
  unfit: { says: 'it is not taken up, since it is closed or its repository is not known', words: 'never' },
} as const satisfies Record<TicketReason, { says: string; words: 'always' | 'vouched' | 'never' }>;

export function issueComment(of: { readonly end: TicketEnd; readonly isVouched: boolean }): string {
  const { end, isVouched } = of;
  const look = `Where it stands at Anneal: \`./anneal ticket show ${end.ticket}\`.`;
  if (end.how === 'merged')
    return `Merged by Anneal, as commit ${asCode(end.commit)}, tag ${asCode(end.tag)}. Whether this is done with is yours to say. ${look}`;
  const { says, words } = end.reason === undefined ? UNKNOWN : REASONS[end.reason];
  const head = end.how === 'parked' ? 'Left to people by Anneal' : 'Not done by Anneal';
  const isSaid = words === 'always' || (words === 'vouched' && isVouched);
  return [`${head}: ${says}. ${look}`, ...(isSaid ? [asBlock(end.why)] : [])].join('\n\n');
}

/** Ended before reasons were written down. */
const UNKNOWN = { says: 'its record says why', words: 'never' } as const;
