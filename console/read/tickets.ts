// Tickets as pages show them: what somebody wrote, where it stands in its queue, what was tried and spent, how it ended.
import { z } from 'zod';
import { artifactRef } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { incidentKey, TICKET, TICKETS, ticketQueueWorkflowId, ticketWorkflowId } from '../../contracts/names.ts';
import {
  type TicketDocument,
  type TicketEnd,
  type TicketName,
  type TicketQueueView,
  type TicketSession,
  type TicketView,
  ticketDocument,
  ticketEnd,
  ticketName,
  ticketSession,
} from '../../contracts/ticket.ts';
import type { ConsolePorts } from '../ports.ts';
import {
  byName,
  type CaseRun,
  gatesOf,
  historyOf,
  type Page,
  pageOf,
  remembering,
  resultOf,
  runsOf,
  versionOfView,
  viewOf,
} from './cases.ts';
import { type Changes, changesOf } from './changes.ts';
import { namedOf, objectOf } from './kept.ts';
import type { Readable } from './rollouts.ts';

const FOLDER = 'tickets/';
const PREFIX = 'ticket/';
/** On one page, of each. */
const MOST_SESSIONS = 20;
const MOST_REVISIONS = 10;
/** A change that was reworked is decided on anew. */
const GATES = [1, 2, 3, 4, 5, 6];

export interface TicketRow {
  readonly name: string;
  readonly run: CaseRun | undefined;
  readonly document: Readable<TicketDocument> | undefined;
  readonly end: Readable<TicketEnd> | undefined;
  readonly view: TicketView | undefined;
  /** Sessions of its agent that are over. */
  readonly sessions: number;
}

const bounds = z.looseObject({ turns: z.number(), tokens: z.number(), seconds: z.number() });
const begun = z.looseObject({
  work: z.looseObject({
    attempts: z.number(),
    budget: bounds,
    afterApproval: z.looseObject({ times: z.number(), budget: bounds }),
  }),
});
export type TicketWork = z.infer<typeof begun>['work'];

export interface QueuePlace {
  /** From 1, of those that wait; 0: it is at work. */
  readonly place: number;
  readonly waiting: number;
  readonly running: number;
  readonly agents: number;
}

export interface LookedAtTicket {
  readonly name: TicketName;
  readonly document: Readable<TicketDocument>;
  readonly view: TicketView | undefined;
  readonly unanswered: AnnealError | undefined;
  readonly end: Readable<TicketEnd> | undefined;
  readonly queue: QueuePlace | undefined;
  /** Its bounds, as they were when it began. */
  readonly work: TicketWork | undefined;
  readonly sessions: readonly { readonly number: number; readonly session: Readable<TicketSession> }[];
  readonly changes: Changes;
  readonly gates: readonly string[];
  readonly revisions: readonly TicketDocument[];
}

export type TicketReader = ReturnType<typeof createTicketReader>;

export function createTicketReader({ temporal, store }: Pick<ConsolePorts, 'temporal' | 'store'>) {
  /** Written once, and never changed. */
  const documentOf = remembering(
    (key: string) => key,
    async (key) => {
      const ref = await namedOf(store, key, artifactRef);
      if (ref === undefined) return undefined;
      return ref.value === undefined ? ref : objectOf(store, ref.value, ticketDocument);
    },
  );

  async function rowOf(name: string, run: CaseRun | undefined, keys: readonly string[]): Promise<TicketRow> {
    const [document, end] = await Promise.all([
      documentOf(`${FOLDER}${name}/document`),
      keys.includes('end') ? namedOf(store, `${FOLDER}${name}/end`, ticketEnd) : undefined,
    ]);
    const isRunning = end === undefined && run !== undefined && run.closedAt === undefined;
    const view = isRunning ? await viewOf<TicketView>(temporal, `${PREFIX}${name}`, TICKET.view) : undefined;
    const sessions = keys.filter((key) => key.startsWith('sessions/')).length;
    return { name, run, document, end, view, sessions };
  }

  async function queueOf(document: TicketDocument | undefined): Promise<QueuePlace | undefined> {
    if (document === undefined) return undefined;
    const id = ticketQueueWorkflowId(document.repository);
    const queue = await viewOf<TicketQueueView>(temporal, id, TICKETS.view);
    if (queue === undefined) return undefined;
    const { waiting, running, agents } = queue;
    if (running.includes(document.ticket))
      return { place: 0, waiting: waiting.length, running: running.length, agents };
    const at = waiting.indexOf(document.ticket);
    return at === -1 ? undefined : { place: at + 1, waiting: waiting.length, running: running.length, agents };
  }

  return {
    /** What waits comes first, then what was begun, the newest first; what Temporal has forgotten comes last. */
    async list(page: number): Promise<Page<TicketRow>> {
      const [{ runs, cut }, keys] = await Promise.all([
        runsOf(await temporal(), 'ticket', PREFIX),
        store.listNamed(FOLDER),
      ]);
      const kept = byName(keys, FOLDER);
      const others = [...kept.keys()].filter((name) => !runs.has(name)).sort();
      const waits = (name: string): boolean => kept.get(name)?.includes('end') !== true;
      const names = [...others.filter(waits), ...runs.keys(), ...others.filter((name) => !waits(name))];
      return pageOf(names, { page, cut }, (name) => rowOf(name, runs.get(name), kept.get(name) ?? []));
    },

    /** @throws AnnealError `ticket.not_found` */
    async look(text: string): Promise<LookedAtTicket> {
      const parsed = ticketName.safeParse(text);
      const document = parsed.success ? await documentOf(incidentKey(parsed.data, 'document')) : undefined;
      if (!parsed.success || document === undefined)
        throw new AnnealError('ticket.not_found', `no ticket is called ${text.slice(0, 60)}`);
      const name = parsed.data;
      const folder = incidentKey(name, '');
      const keys = (await store.listNamed(folder)).map((key) => key.slice(folder.length));
      const { history, why } = await historyOf(temporal, ticketWorkflowId(name));
      const end = keys.includes('end') ? await namedOf(store, incidentKey(name, 'end'), ticketEnd) : undefined;
      const [changes, sessions, revisions, gates, view, queue] = await Promise.all([
        changesOf(store, name, keys, history),
        sessionsOf(name, keys),
        revisionsOf(name, keys),
        gatesOf(
          store,
          GATES.map((number) => `${name}.merge-${number}`),
        ),
        end === undefined ? viewOf<TicketView>(temporal, ticketWorkflowId(name), TICKET.view) : undefined,
        end === undefined ? queueOf(document.value) : undefined,
      ]);
      const work = begun.safeParse(resultOf(history, 'beginTicket')).data?.work;
      return { name, document, view, unanswered: why, end, queue, work, sessions, changes, gates, revisions };
    },

    /** Changes with where it stands and where it waits. */
    async version(text: string): Promise<string | undefined> {
      const name = ticketName.safeParse(text);
      if (!name.success) return undefined;
      const view = await viewOf(temporal, ticketWorkflowId(name.data), TICKET.view);
      if (view !== undefined) return versionOfView(view);
      return versionOfView(await queueOf((await documentOf(incidentKey(name.data, 'document')))?.value));
    },
  };

  async function sessionsOf(name: TicketName, keys: readonly string[]): Promise<LookedAtTicket['sessions']> {
    const numbers = keys
      .flatMap((key) => /^sessions\/(\d{1,4})$/.exec(key)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b)
      .slice(-MOST_SESSIONS);
    const read = async (number: number): Promise<LookedAtTicket['sessions']> => {
      const ref = await namedOf(store, incidentKey(name, `sessions/${number}`), artifactRef);
      if (ref === undefined) return [];
      const session = ref.value === undefined ? ref : await objectOf(store, ref.value, ticketSession);
      return [{ number, session }];
    };
    return (await Promise.all(numbers.map(read))).flat();
  }

  async function revisionsOf(name: TicketName, keys: readonly string[]): Promise<TicketDocument[]> {
    const named = keys.filter((key) => key.startsWith('revisions/')).slice(-MOST_REVISIONS);
    const all = await Promise.all(named.map((key) => documentOf(incidentKey(name, key))));
    return all.flatMap((one) => one?.value ?? []).toSorted((a, b) => a.at.localeCompare(b.at));
  }
}
