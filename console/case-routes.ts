// What agents work on: incidents, tickets, research, and which share of the steps is theirs. All of it is to be read; decisions are made at gates.
import type { Context, Hono } from 'hono';
import { AnnealError } from '../contracts/errors.ts';
import { campaignName } from '../contracts/ids.ts';
import type { Env, Parts } from './app.ts';
import { incidentPage } from './pages/incident.ts';
import { incidentsPage } from './pages/incidents.ts';
import { researchPage } from './pages/research.ts';
import { researchesPage } from './pages/researches.ts';
import { sharePage } from './pages/share.ts';
import { ticketPage } from './pages/ticket.ts';
import { ticketsPage } from './pages/tickets.ts';
import type { ConsolePorts } from './ports.ts';
import { versionOfView } from './read/cases.ts';
import { createIncidentReader, type IncidentReader } from './read/incidents.ts';
import { createResearchReader, type ResearchReader } from './read/researches.ts';
import { createShareReader, type ShareReader, SPANS } from './read/share.ts';
import { createTicketReader, type TicketReader } from './read/tickets.ts';

export interface Cases {
  readonly incidents: IncidentReader;
  readonly tickets: TicketReader;
  readonly researches: ResearchReader;
  readonly share: ShareReader;
}

/** One of each for all who look: what never changes is read once. */
export const openCases = (ports: ConsolePorts): Cases => ({
  incidents: createIncidentReader(ports),
  tickets: createTicketReader(ports),
  researches: createResearchReader(ports),
  share: createShareReader(ports),
});

export function addCaseRoutes(app: Hono<Env>, { board, show }: Parts, cases: Cases): void {
  const { incidents, tickets, researches, share } = cases;
  /** The gates' poller knows them anyway. */
  const open = () => board.seen().snapshot?.open ?? [];
  /** Lists change with gates: what else becomes of a row is seen at the next look. */
  const withGates = () => ({ topic: 'gates', version: board.seen().snapshot?.version ?? '' });

  app.get('/incidents', async (c) => {
    const body = incidentsPage(await incidents.list(numberOf(c)), open(), new Date());
    return show(c, { title: 'Incidents', at: 'incidents', live: withGates(), body });
  });
  app.get('/incidents/:name', async (c) => {
    const looked = await incidents.look(c.req.param('name'));
    const live = { topic: `incident:${looked.name}`, version: versionOfView(looked.view) ?? '' };
    const isOver = looked.view === undefined && looked.end !== undefined;
    const body = incidentPage(looked, open(), new Date());
    return show(c, { title: looked.name, at: 'incidents', ...(isOver ? {} : { live }), body });
  });

  app.get('/tickets', async (c) => {
    const body = ticketsPage(await tickets.list(numberOf(c)), open(), new Date());
    return show(c, { title: 'Tickets', at: 'tickets', live: withGates(), body });
  });
  app.get('/tickets/:name', async (c) => {
    const looked = await tickets.look(c.req.param('name'));
    const live = { topic: `ticket:${looked.name}`, version: versionOfView(looked.view ?? looked.queue) ?? '' };
    const body = ticketPage(looked, open(), new Date());
    return show(c, { title: looked.name, at: 'tickets', ...(looked.end === undefined && { live }), body });
  });

  app.get('/research', async (c) => {
    const body = researchesPage(await researches.list(numberOf(c)), open(), new Date());
    return show(c, { title: 'Research', at: 'research', live: withGates(), body });
  });
  app.get('/research/:name', async (c) => {
    const looked = await researches.look(c.req.param('name'));
    const live = { topic: `research:${looked.name}`, version: versionOfView(looked.view) ?? '' };
    const isOver = looked.view === undefined && looked.end !== undefined;
    const body = researchPage(looked, open(), new Date());
    return show(c, { title: looked.name, at: 'research', ...(isOver ? {} : { live }), body });
  });

  app.get('/share', async (c) => {
    const span = SPANS.find((one) => one === c.req.query('since')) ?? 'all';
    const asked = c.req.query('campaign') ?? '';
    const name = campaignName.safeParse(asked);
    if (asked !== '' && !name.success) throw new AnnealError('console.no_page', 'no campaign has that name');
    const seen = await share.look(span, name.data);
    const live = { topic: `share:${span}`, version: seen.counted?.at.toISOString() ?? '' };
    return show(c, { title: 'Share', at: 'share', live, body: sharePage({ seen, span, campaign: name.data }) });
  });
}

const numberOf = (c: Context<Env>): number => Number(c.req.query('page') ?? 1) || 1;
