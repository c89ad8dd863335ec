// What stands at an issue of how its ticket ended: why, and of words that nobody answers for none.
import { expect, test } from 'vitest';
import { changeId, commitId } from '../contracts/change.ts';
import { type TicketEnd, ticketName, ticketReason } from '../contracts/ticket.ts';
import { issueComment } from './ticket-comment.ts';

const ticket = ticketName.parse('ticket-0123456789ab');
const why = 'gave-up: @everyone ```\n/close\nKEY';
const parked = (reason: (typeof ticketReason.options)[number]): TicketEnd => ({
  ...{ how: 'parked', ticket, tried: [], why, reason },
});

test('a merge is told with its commit', () => {
  const end = { ticket, tried: [], change: changeId.parse('c'.repeat(64)), commit: commitId.parse('a'.repeat(40)) };
  const said = issueComment({ end: { ...end, how: 'merged', tag: `anneal/${ticket}` }, isVouched: false });
  expect(said).toContain('a'.repeat(40));
  expect(said).toContain(`anneal/${ticket}`);
});

test.each(ticketReason.options)('%s: of what nobody answers for it says only which', (reason) => {
  const said = issueComment({ end: parked(reason), isVouched: false });
  expect(said).toContain('Left to people by Anneal: ');
  // Somebody with a key has said so.
  expect(said.includes('KEY')).toBe(reason === 'asked');
  const { reason: _, ...old } = parked(reason) as Extract<TicketEnd, { how: 'parked' }>;
  expect(issueComment({ end: old, isVouched: true })).not.toContain('KEY');
});

test('where somebody answers for it the record’s words stand in a block that nothing in them ends', () => {
  const said = issueComment({ end: parked('gave-up'), isVouched: true });
  expect(said).toContain('````text\n');
  expect(said).not.toMatch(/^\/close/m);
  expect(issueComment({ end: { ...parked('human-no'), how: 'refused' } as TicketEnd, isVouched: true })).toBe(
    `Not done by Anneal: a human decided against its change. Where it stands at Anneal: \`./anneal ticket show ${ticket}\`.`,
  );
});
