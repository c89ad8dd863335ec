// Tickets as commands see them: taking one in, where it stands, how it ended. Whatever breaks off on the way is taken up by asking again.
import { createHash } from 'node:crypto';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type Sha256, sha256 } from '../../contracts/ids.ts';
import {
  incidentKey,
  QUEUES,
  TICKET,
  TICKETS,
  ticketQueueWorkflowId,
  ticketSourceName,
  ticketWorkflowId,
} from '../../contracts/names.ts';
import {
  type QueuedTicket,
  type Taken,
  type TicketContent,
  type TicketDocument,
  type TicketDraft,
  type TicketEnd,
  type TicketName,
  type TicketView,
  ticketContent,
  ticketDocument,
  ticketEnd,
  ticketName,
  type Vouched,
  vouchStatement,
} from '../../contracts/ticket.ts';

export interface TicketState {
  readonly ticket: TicketName;
  readonly document: TicketDocument;
  /** Absent while it waits for its turn, and where its workflow is gone. */
  readonly view?: TicketView;
  readonly end?: TicketEnd;
  /** Of its source since it was taken: they are told, and not run. */
  readonly revisions: readonly TicketDocument[];
}

/** Who brings it, and whether they answer for its words. */
export interface TakeBy {
  readonly owner: string;
  /** Absent: nobody answers for them, and what comes of them a human decides on. */
  readonly sign?: (statement: string) => Vouched;
}

export type Tickets = ReturnType<typeof createTickets>;

export function createTickets(client: Client, store: ArtifactStore) {
  const read = async (key: string): Promise<unknown> => {
    const found = await store.readNamed(key);
    return found && JSON.parse(new TextDecoder().decode(found.bytes));
  };
  const documentAt = async (key: string) => {
    const { success, data: ref } = artifactRef.safeParse(await read(key));
    if (!success) return undefined;
    const text = new TextDecoder().decode(await store.get(ref));
    return { ref, document: ticketDocument.parse(JSON.parse(text)) };
  };
  const endOf = async (ticket: TicketName): Promise<TicketEnd | undefined> => {
    const found = await read(incidentKey(ticket, 'end'));
    return found === undefined ? undefined : ticketEnd.parse(found);
  };

  async function enqueue(ticket: TicketName, park?: string): Promise<void> {
    if ((await endOf(ticket)) !== undefined) return;
    const known = await documentAt(incidentKey(ticket, 'document'));
    if (known === undefined) throw missing(ticket);
    const { repository, priority } = known.document;
    const one: QueuedTicket = {
      ticket,
      repository,
      document: known.ref,
      priority,
      ...(park === undefined ? {} : { park }),
    };
    await client.workflow.signalWithStart('ticketQueue', {
      ...{ workflowId: ticketQueueWorkflowId(repository), taskQueue: QUEUES.control },
      args: [{ repository, waiting: [], running: [] }],
      ...{ signal: park === undefined ? TICKETS.add : TICKETS.park, signalArgs: [one] },
    });
  }

  /** Written down before anybody is asked to work on it: what breaks off here is taken up by taking it again. */
  async function keep(draft: TicketDraft, by: TakeBy): Promise<{ ticket: TicketName; isNew: boolean }> {
    const content = contentHash(draft);
    const ticket = ticketName.parse(`ticket-${content.slice(0, 12)}`);
    const vouched = by.sign?.(vouchStatement(content)) ?? null;
    const document = documentOf(draft, { ticket, owner: by.owner, vouched });
    const ref = await store.put(canonicalJson(document));
    return { ticket, isNew: await store.createNamed(incidentKey(ticket, 'document'), canonicalJson(ref)) };
  }

  async function look(name: string): Promise<TicketState> {
    const parsed = ticketName.safeParse(name);
    const known = parsed.success ? await documentAt(incidentKey(parsed.data, 'document')) : undefined;
    if (!parsed.success || known === undefined) throw missing(name);
    const ticket = parsed.data;
    const keys = await store.listNamed(incidentKey(ticket, 'revisions/'));
    const revisions = (await Promise.all(keys.map(documentAt))).flatMap((one) => one?.document ?? []);
    const end = await endOf(ticket);
    const state = { ticket, document: known.document, revisions, ...(end && { end }) };
    if (end !== undefined) return state;
    try {
      const view = await client.workflow.getHandle(ticketWorkflowId(ticket)).query<TicketView>(TICKET.view);
      return { ...state, view };
    } catch (failure) {
      if (failure instanceof WorkflowNotFoundError) return state;
      throw failure;
    }
  }

  return {
    look,
    /** @param key what tells it from others at its source, however it is edited; none: its words alone */
    async take(draft: TicketDraft, by: TakeBy, key?: string): Promise<Taken> {
      const content = contentHash(draft);
      const source = key === undefined ? undefined : ticketSourceName(sha256.parse(hashOf(key)));
      const before = source === undefined ? undefined : ticketName.safeParse(await read(source)).data;
      if (before !== undefined && before !== `ticket-${content.slice(0, 12)}`) {
        const document = documentOf(draft, { ticket: before, owner: by.owner, vouched: null });
        const ref = canonicalJson(await store.put(canonicalJson(document)));
        await store.createNamed(incidentKey(before, `revisions/${content}`), ref);
        await enqueue(before);
        return { how: 'edited', ticket: before };
      }
      const { ticket, isNew } = await keep(draft, by);
      if (source !== undefined) await store.createNamed(source, canonicalJson(ticket));
      await enqueue(ticket);
      return { how: isNew ? 'taken' : before === undefined && key !== undefined ? 'same' : 'known', ticket };
    },
    async park(name: string, why: string): Promise<TicketState> {
      const { ticket, end } = await look(name);
      if (end === undefined) await enqueue(ticket, why);
      return look(name);
    },
    /** Newest first. */
    async list(): Promise<TicketState[]> {
      const keys = (await store.listNamed('tickets/')).filter((key) => key.endsWith('/document'));
      const all = await Promise.all(keys.map((key) => look(key.slice('tickets/'.length, -'/document'.length))));
      return all.toSorted((a, b) => (a.document.at < b.document.at ? 1 : -1));
    },
  };

  function documentOf(draft: TicketDraft, of: Pick<TicketDocument, 'ticket' | 'owner' | 'vouched'>): TicketDocument {
    return ticketDocument.parse({ ...draft, ...of, schema: 'anneal/ticket/v1', at: new Date().toISOString() });
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const contentHash = (of: TicketContent): Sha256 => sha256.parse(hashOf(canonicalJson(ticketContent.strip().parse(of))));
const missing = (name: string): AnnealError => new AnnealError('ticket.not_found', `${name} is not known here`);
