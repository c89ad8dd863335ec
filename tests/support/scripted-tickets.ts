// Scripted activities of tickets, beside those of incidents: they answer as told and touch nothing.
import type { ApplicationFailure } from '@temporalio/common';
import type { TicketActivities } from '../../activities/ticket-interface.ts';
import { repositoryName } from '../../contracts/change.ts';
import {
  type QueuedTicket,
  type SessionEnd,
  type TicketEnd,
  type TicketName,
  type TicketPriority,
  ticketName,
} from '../../contracts/ticket.ts';
import { changeOf, type IncidentScript, scriptedIncidents } from './scripted-incidents.ts';
import { refOf } from './scripted-ref.ts';

export interface TicketScript extends IncidentScript {
  agents?: number;
  /** How sessions of a ticket end, in order; the last again and again; `done` unless told. */
  sessions?: (ticket: TicketName) => readonly SessionEnd[];
  /** Thrown by the telling of an issue. */
  untold?: ApplicationFailure;
  /** Awaited by each session. */
  session?: (ticket: TicketName) => Promise<unknown> | undefined;
}

export const aTicket = (number: number): TicketName => ticketName.parse(`ticket-${String(number).padStart(12, '0')}`);
export const queued = (number: number, priority: TicketPriority = 'normal'): QueuedTicket => ({
  ...{ ticket: aTicket(number), repository: repositoryName.parse('trainer'), priority },
  document: refOf({ ticket: number }),
});

export function scriptedTickets(script: TicketScript = {}) {
  const { activities: of, told } = scriptedIncidents(script);
  const ends = new Map<TicketName, TicketEnd>();
  const developed: { ticket: TicketName; number: number; turns: number; base: string }[] = [];
  const issues: TicketName[] = [];
  const seen = { atOnce: 0, most: 0 };
  const activities: typeof of & TicketActivities = {
    ...of,
    async landCommit(queued) {
      const landed = await of.landCommit(queued);
      const ticket = developed.find((one) => changeOf(one.ticket) === queued.change)?.ticket;
      return landed.how === 'moved' ? landed : { ...landed, tag: `anneal/${ticket}` };
    },
    ticketAgents: async () => script.agents ?? 2,
    async beginTicket({ ticket, repository, runChain }) {
      const end = ends.get(ticket);
      if (end !== undefined) return { how: 'ended', end };
      const pinned = { ...(await of.pinBase({ incident: ticket, repository, runChain })), hasModel: true };
      const budget = { turns: 20, tokens: 10_000, seconds: 600 };
      const work = { attempts: 3, budget, afterApproval: { times: 1, budget: { ...budget, turns: 5 } } };
      const backOff = { firstMs: 50, mostMs: 200 };
      return { how: 'begun', pinned, work: { ...work, backOff }, title: ticket, owner: 'somebody' };
    },
    async develop({ ticket, number, budget, base }) {
      developed.push({ ticket, number, turns: budget.turns, base });
      seen.atOnce += 1;
      seen.most = Math.max(seen.most, seen.atOnce);
      try {
        await script.session?.(ticket);
      } finally {
        seen.atOnce -= 1;
      }
      const all = script.sessions?.(ticket) ?? ['done'];
      const end = all[Math.min(number, all.length) - 1]!;
      const spent = { turns: 4, tokens: 100, seconds: 1 };
      if (end !== 'done') return { how: 'none', why: `${end}: scripted`, end, spent };
      const made = { change: changeOf(ticket), proposal: refOf({ proposal: ticket }), with: 'scripted' };
      return { how: 'proposed', ...made, end, spent };
    },
    async recordTicketEnd({ end }) {
      if (!ends.has(end.ticket)) ends.set(end.ticket, end);
      return ends.get(end.ticket)!;
    },
    async tellIssue({ ticket }) {
      issues.push(ticket);
      if (script.untold !== undefined) throw script.untold;
      return [];
    },
  };
  return { activities, told, ends, developed, seen, issues };
}
