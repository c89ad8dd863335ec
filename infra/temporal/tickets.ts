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
  type IssueTold,
  issueTold,
  MOST_ISSUES,
  MOST_REVISIONS,
  type QueuedTicket,
  reopenStatement,
  revisionName,
  revisionOf,
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
  ticketOf,
  type Vouched,
  vouchStatement,
} from '../../contracts/ticket.ts';

export interface TicketState {
  readonly ticket: TicketName;
  readonly document: TicketDocument;
  /** Absent while it waits for its turn, and where its workflow is gone. */
  readonly view?: TicketView;
  readonly end?: TicketEnd;
  /** Of its source with other words than those: they are told, and not run. */
  readonly revisions: readonly TicketDocument[];
  /** Before it was opened again. */
  readonly former: readonly TicketEnd[];
  /** Issues that were to be told of the end. */
  readonly issues: readonly IssueTold[];
}

export interface Reopened {
  readonly how: 'reopened' | 'open';
  readonly ticket: TicketName;
}

/** Who brings it, and whether they answer for its words. */
export interface TakeBy {
  readonly owner: string;
  /** Absent: nobody answers for them, and what comes of them a human decides on. */
  readonly sign?: (statement: string) => Vouched;
}

export type Tickets = ReturnType<typeof createTickets>;

export function createTickets(client: Client, store: ArtifactStore) {
  const readNamed = async (key: string): Promise<unknown> => {
    const found = await store.readNamed(key);
    return found && JSON.parse(new TextDecoder().decode(found.bytes));
  };
  const documentAt = async (key: string) => {
    const { success, data: ref } = artifactRef.safeParse(await readNamed(key));
    if (!success) return undefined;
    const text = new TextDecoder().decode(await store.get(ref));
    return { ref, document: ticketDocument.parse(JSON.parse(text)) };
  };
  const hasDocument = async (ticket: TicketName): Promise<boolean> =>
    (await store.readNamed(incidentKey(ticket, 'document'))) !== undefined;
  /** The one that is worked on, or was last. */
  const latestOf = async (ticket: TicketName): Promise<TicketName> => {
    let latest = ticketOf(ticket);
    for (let revision = 2; revision <= MOST_REVISIONS; revision += 1) {
      const next = revisionName(ticket, revision);
      if (!(await hasDocument(next))) break;
      latest = next;
    }
    return latest;
  };
  const endOf = async (ticket: TicketName): Promise<TicketEnd | undefined> => {
    const found = await readNamed(incidentKey(ticket, 'end'));
    return found === undefined ? undefined : ticketEnd.parse(found);
  };

  async function enqueue(ticket: TicketName, park?: string): Promise<void> {
    const isTold = await issueIsTold(ticket);
    if ((await endOf(ticket)) !== undefined && isTold !== false) return;
    const known = await documentAt(incidentKey(ticket, 'document'));
    if (known === undefined) throw missing(ticket);
    const { repository, priority } = known.document;
    const one: QueuedTicket = {
      ticket,
      repository,
      document: known.ref,
      priority,
      ...(park === undefined ? {} : { park }),
      ...(isTold === undefined ? {} : { issue: true }),
    };
    await client.workflow.signalWithStart('ticketQueue', {
      ...{ workflowId: ticketQueueWorkflowId(repository), taskQueue: QUEUES.control },
      args: [{ repository, waiting: [], running: [] }],
      ...{ signal: park === undefined ? TICKETS.add : TICKETS.park, signalArgs: [one] },
    });
  }

  /** Undefined: no issue says this. What was broken off while one was told is told by whoever takes the ticket up again. */
  async function issueIsTold(ticket: TicketName): Promise<boolean | undefined> {
    const folder = incidentKey(ticketOf(ticket), 'issues/');
    const issues = (await store.listNamed(folder)).map((key) => key.slice(folder.length));
    if (issues.length === 0) return undefined;
    const told = await store.listNamed(incidentKey(ticket, 'told/'));
    return issues.slice(0, MOST_ISSUES).every((issue) => told.includes(incidentKey(ticket, `told/${issue}`)));
  }

  async function noteIssue(ticket: TicketName, { origin }: TicketDraft): Promise<void> {
    if (origin.kind !== 'forge') return;
    const { project, issue } = origin;
    await store.createNamed(incidentKey(ticket, `issues/${issue}`), canonicalJson({ project, issue }));
  }

  /** What its source says now, for whoever opens it again. */
  async function noteWords(ticket: TicketName, document: TicketDocument): Promise<void> {
    const key = incidentKey(ticket, 'words');
    const there = await store.readNamed(key);
    const said = (await documentAt(there === undefined ? incidentKey(ticket, 'document') : key))?.document;
    const isSame = said !== undefined && contentHash(said) === contentHash(document);
    if (isSame && (said.vouched !== null || document.vouched === null)) return;
    const ref = canonicalJson(await store.put(canonicalJson(document)));
    // Whoever was quicker has read it just now.
    await store.swapNamed(key, there?.tag ?? null, ref);
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
    const isNamed = revisionOf(parsed.data) > 1;
    const ticket = isNamed ? parsed.data : await latestOf(parsed.data);
    const { document } = ticket === parsed.data ? known : (await documentAt(incidentKey(ticket, 'document')))!;
    const keys = await store.listNamed(incidentKey(ticketOf(ticket), 'revisions/'));
    const read = (await Promise.all(keys.map(documentAt))).flatMap((one) => one?.document ?? []);
    const revisions = read.filter((one) => contentHash(one) !== contentHash(document));
    const former: TicketEnd[] = [];
    for (let revision = 1; revision < revisionOf(ticket); revision += 1)
      former.push(...[await endOf(revisionName(ticket, revision))].filter((one) => one !== undefined));
    const told = await store.listNamed(incidentKey(ticket, 'told/'));
    const issues = (await Promise.all(told.map((key) => readNamed(key)))).flatMap(
      (one) => issueTold.safeParse(one).data ?? [],
    );
    const end = await endOf(ticket);
    const state = { ticket, document, revisions, former, issues, ...(end && { end }) };
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
      const before = source === undefined ? undefined : ticketName.safeParse(await readNamed(source)).data;
      if (before !== undefined && before !== `ticket-${content.slice(0, 12)}`) {
        const vouched = by.sign?.(vouchStatement(content)) ?? null;
        const document = documentOf(draft, { ticket: before, owner: by.owner, vouched });
        const ref = canonicalJson(await store.put(canonicalJson(document)));
        await store.createNamed(incidentKey(before, `revisions/${content}`), ref);
        await noteWords(before, document);
        return takenUp('edited', before);
      }
      const { ticket, isNew } = await keep(draft, by);
      await noteIssue(ticket, draft);
      if (source !== undefined) await store.createNamed(source, canonicalJson(ticket));
      // Edited, and edited back.
      if (before !== undefined && (await readNamed(incidentKey(ticket, 'words'))) !== undefined)
        await noteWords(
          ticket,
          documentOf(draft, { ticket, owner: by.owner, vouched: by.sign?.(vouchStatement(content)) ?? null }),
        );
      return takenUp(isNew ? 'taken' : before === undefined && key !== undefined ? 'same' : 'known', ticket);
    },
    /**
     * Works on it once more, as a case of its own with the newest words of its source: what it came to before stays on record.
     * @returns `open`: it has not ended, and goes on
     */
    async reopen(name: string, why: string, by: Required<TakeBy>): Promise<Reopened> {
      const because = why.trim();
      const parsed = ticketName.safeParse(name);
      if (!parsed.success || !(await hasDocument(parsed.data))) throw missing(name);
      const current = await latestOf(parsed.data);
      if ((await endOf(current)) === undefined) {
        await enqueue(current);
        return { how: 'open', ticket: current };
      }
      const revision = revisionOf(current) + 1;
      if (revision > MOST_REVISIONS) throw new AnnealError('cli.usage', `${name} was opened ${MOST_REVISIONS} times`);
      const base = ticketOf(current);
      const said = (await documentAt(incidentKey(base, 'words'))) ?? (await documentAt(incidentKey(base, 'document')));
      const words = said!.document;
      const ticket = revisionName(base, revision);
      const signed = by.sign(reopenStatement(ticket, contentHash(words), sha256.parse(hashOf(because))));
      const document = documentOf(words, {
        ticket,
        owner: by.owner,
        vouched: words.vouched,
        reopened: { because, signed },
      });
      const ref = await store.put(canonicalJson(document));
      const isFirst = await store.createNamed(incidentKey(ticket, 'document'), canonicalJson(ref));
      await enqueue(ticket);
      return { how: isFirst ? 'reopened' : 'open', ticket };
    },
    async park(name: string, why: string): Promise<TicketState> {
      const { ticket, end } = await look(name);
      if (end === undefined) await enqueue(ticket, why);
      return look(name);
    },
    /** Newest first. */
    async list(): Promise<TicketState[]> {
      const keys = (await store.listNamed('tickets/')).filter((key) => key.endsWith('/document'));
      const names = keys.map((key) => ticketName.safeParse(key.slice('tickets/'.length, -'/document'.length)).data);
      const latest = new Map<TicketName, TicketName>();
      for (const name of names.filter((one) => one !== undefined)) {
        const there = latest.get(ticketOf(name));
        if (there === undefined || revisionOf(there) < revisionOf(name)) latest.set(ticketOf(name), name);
      }
      const all = await Promise.all([...latest.values()].map(look));
      return all.toSorted((a, b) => (a.document.at < b.document.at ? 1 : -1));
    },
  };

  async function takenUp(how: Taken['how'], of: TicketName): Promise<Taken> {
    const ticket = await latestOf(of);
    await enqueue(ticket);
    return { how, ticket, ...((await endOf(ticket)) === undefined ? {} : { ended: true as const }) };
  }

  function documentOf(
    draft: TicketDraft,
    of: Pick<TicketDocument, 'ticket' | 'owner' | 'vouched' | 'reopened'>,
  ): TicketDocument {
    return ticketDocument.parse({ ...draft, ...of, schema: 'anneal/ticket/v1', at: new Date().toISOString() });
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const contentHash = (of: TicketContent): Sha256 => sha256.parse(hashOf(canonicalJson(ticketContent.strip().parse(of))));
const missing = (name: string): AnnealError => new AnnealError('ticket.not_found', `${name} is not known here`);
