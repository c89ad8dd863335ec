// The steps of a ticket that no incident has: what it says and whether anybody answers for it, the agent's sessions, its end.
import { z } from 'zod';
import { isScripted } from '../contracts/agent-model.ts';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { type ChangeId, type ProposedChange, proposedChange, type RepositoryName } from '../contracts/change.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type Attempt, proposed } from '../contracts/incident.ts';
import type { Edit } from '../contracts/merge.ts';
import { incidentKey, landingName } from '../contracts/names.ts';
import type { RepositorySpec } from '../contracts/repositories.ts';
import {
  revisionName,
  revisionOf,
  type SessionEnd,
  type TicketDocument,
  type TicketEnd,
  type TicketName,
  type TicketSpent,
  ticketDocument,
  ticketEnd,
  ticketName,
  ticketOf,
  ticketSession,
} from '../contracts/ticket.ts';
import { durationMs } from '../contracts/units.ts';
import { asMaterial, remembered } from '../policies/memory-text.ts';
import type { Bounds } from '../policies/ticket.ts';
import type { IncidentActivities } from './incident-interface.ts';
import type { OpenRepository } from './incidents.ts';
import { createMemory } from './memory.ts';
import { known, once } from './once.ts';
import { proposalOf } from './proposals.ts';
import type { Documents } from './read.ts';
import type { TicketActivities } from './ticket-interface.ts';
import { tellIssues } from './ticket-issues.ts';
import { contentHash, openVouching, type VerifyBytes } from './vouched.ts';

type Files = ReadonlyMap<string, Uint8Array>;

export interface DevelopOf {
  readonly ticket: TicketDocument;
  /** Nobody answers for its words. */
  readonly tainted: boolean;
  readonly files: Files;
  readonly number: number;
  readonly budget: Bounds;
  readonly stalledAfter: number;
  readonly tried: readonly Attempt[];
  readonly remembered: readonly { readonly title: string; readonly text: string }[];
  /** How it was tried before it was opened again. */
  readonly former: readonly { readonly title: string; readonly text: string }[];
  /** Of a person who has signed it. Null: it was not opened again, or nobody is known to have. */
  readonly because: string | null;
}
/** The coding agent, for one session. */
export type Develop = (of: DevelopOf) => Promise<{
  readonly end: SessionEnd;
  readonly said: string;
  readonly edits: ReadonlyMap<string, Uint8Array | null>;
  readonly model: string;
  readonly spent: TicketSpent;
  readonly transcript: unknown;
}>;

export interface TicketPorts {
  readonly store: ArtifactStore;
  readonly documents: Documents;
  readonly open: (name: RepositoryName) => Promise<OpenRepository>;
  /** Undefined: no model is configured. */
  readonly develop: Develop | undefined;
  readonly verifyBytes: VerifyBytes;
  readonly pinBase: IncidentActivities['pinBase'];
  readonly now: () => Date;
}

export function createTicketActivities(ports: TicketPorts): TicketActivities {
  const { store, documents, open } = ports;
  const memory = createMemory(store);
  const { isSigned, isVouched } = openVouching(ports.verifyBytes);

  return {
    async ticketAgents({ repository }) {
      try {
        return (await open(repository)).spec.tickets.agents;
      } catch (failure) {
        // Each of its tickets then ends by saying so.
        if (failure instanceof AnnealError && failure.code === 'repository.unknown') return 1;
        throw failure;
      }
    },

    async beginTicket({ ticket, repository, document, runChain }) {
      const end = await endOf(ticket);
      if (end !== undefined) return { how: 'ended', end };
      const read = await documents.read(ticketDocument, document);
      if (!(await isOf(read, { ticket, repository, document })))
        return { how: 'unfit', why: 'its document is that of another ticket' };
      try {
        if (await wasClosed(read)) return { how: 'unfit', why: 'its issue was closed before anybody worked on it' };
        const pinned = await ports.pinBase({ incident: ticket, repository, runChain });
        const { spec } = await open(repository);
        return {
          ...{ how: 'begun', work: workOf(spec), title: read.title, owner: read.owner },
          pinned: { ...pinned, hasModel: ports.develop !== undefined },
        };
      } catch (failure) {
        if (failure instanceof AnnealError && failure.code === 'repository.unknown')
          return { how: 'unfit', why: failure.message };
        throw failure;
      }
    },

    async develop({ ticket, repository, document, base, number, budget, tried }) {
      const read = await documents.read(ticketDocument, document);
      const tainted = !isVouched(read);
      const { spec, git } = await open(repository);
      const ref = await once(store, incidentKey(ticket, `sessions/${number}`), artifactRef, async () => {
        if (ports.develop === undefined) throw new AnnealError('internal.bug', 'no model is configured');
        const question = { text: `${read.title}\n${read.text}`, case: ticket, repository, campaign: null };
        const all = await memory.shownTo({ ...question, readerIsTainted: tainted, now: ports.now() });
        const played = await ports.develop({
          ...{ ticket: read, tainted, files: await git.snapshot(base), number, budget, tried },
          ...{ stalledAfter: spec.tickets.stalledAfter, former: await formerOf(read, tainted) },
          because: read.reopened !== undefined && isSigned(read) ? read.reopened.because : null,
          // Its own former tries are shown by themselves.
          remembered: all.filter(({ from }) => !isSame(from.case, ticket)).map(asMaterial),
        });
        const edits: Record<string, ArtifactRef | null> = {};
        for (const [path, bytes] of played.edits) edits[path] = bytes === null ? null : await store.put(bytes);
        const { end, said, model, spent } = played;
        const session = { schema: 'anneal/ticket-session/v1' as const, end, said, edits, model, spent };
        return documents.write({ ...session, transcript: await documents.write(played.transcript) });
      });
      const session = await documents.read(ticketSession, ref);
      const { end, spent, said, model } = session;
      if (end !== 'done') return { how: 'none', why: `${end}: ${said}`, end, spent };
      const key = incidentKey(ticket, `proposals/coding-agent-${number}`);
      const made = await once(store, key, proposed, async () => {
        const edits = new Map<string, Edit>();
        for (const [path, one] of Object.entries(session.edits))
          edits.set(path, one === null ? null : { bytes: await store.get(one) });
        const of = { repository, base, role: 'developer', at: ports.now().toISOString() } as const;
        const means = { kind: 'model', model, scripted: isScripted(model) } as const;
        return proposalOf({ store, documents, git }, of, { edits, title: read.title, body: said, means, tainted });
      });
      return { ...made, end, spent };
    },

    async recordTicketEnd({ end: said, repository, document }) {
      const before = await endOf(said.ticket);
      if (before !== undefined) return before;
      const end = (await landedBy(said, repository)) ?? said;
      // Before the end, which is the sign that all of it is done.
      await rememberEnd(end, await documents.read(ticketDocument, document), document);
      await store.createNamed(incidentKey(said.ticket, 'end'), canonicalJson(ticketEnd.parse(end)));
      return (await endOf(said.ticket))!;
    },

    async tellIssue({ ticket, repository, document }) {
      const [end, read] = [await endOf(ticket), await documents.read(ticketDocument, document)];
      if (end === undefined) throw new AnnealError('internal.bug', `${ticket} has not ended`);
      const { spec, forge } = await open(repository);
      const at = forge && { forge, project: spec.forge?.project };
      return tellIssues(store, { ticket, end, isVouched: isVouched(read), at });
    },
  };

  /** The first is called by its words; one that was opened again is what stands under its name. */
  async function isOf(
    read: TicketDocument,
    { ticket, repository, document }: { ticket: TicketName; repository: RepositoryName; document: ArtifactRef },
  ): Promise<boolean> {
    if (read.ticket !== ticket || read.repository !== repository) return false;
    if (revisionOf(ticket) === 1) return ticket.endsWith(contentHash(read).slice(0, 12));
    const there = await known(store, incidentKey(ticket, 'document'), artifactRef);
    return there?.sha256 === document.sha256;
  }

  /** Whoever closes an issue wants nothing done by it. Opened again here, it is somebody else who wants it. */
  async function wasClosed({ origin, repository, reopened }: TicketDocument): Promise<boolean> {
    if (origin.kind !== 'forge' || reopened !== undefined) return false;
    const { spec, forge } = await open(repository);
    if (forge === undefined || spec.forge?.project !== origin.project) return false;
    // A forge that does not answer stops no ticket.
    const state = await forge.issueState(origin.issue).catch((failure: unknown) => {
      if (failure instanceof AnnealError) return 'open' as const;
      throw failure;
    });
    return state === 'closed';
  }

  /** To one whose words somebody answers for, of tries at words that nobody does only how they ended. */
  async function formerOf(read: TicketDocument, tainted: boolean): Promise<DevelopOf['former'][number][]> {
    const shown: DevelopOf['former'][number][] = [];
    const revision = revisionOf(read.ticket);
    for (let number = Math.max(1, revision - MOST_FORMER); number < revision; number += 1) {
      const name = revisionName(read.ticket, number);
      const [ref, end] = [await known(store, incidentKey(name, 'document'), artifactRef), await endOf(name)];
      if (ref === undefined || end === undefined) continue;
      const before = await documents.read(ticketDocument, ref);
      const how = `It ended as ${end.how}${'reason' in end ? ` (${end.reason})` : ''}.`;
      const text = tainted || isVouched(before) ? remembered({ title: before.title, end }) : how;
      shown.push({ title: `this ticket, as it was worked on before (${number} of ${revision - 1})`, text });
    }
    return shown;
  }

  function endOf(ticket: TicketName): Promise<TicketEnd | undefined> {
    return known(store, incidentKey(ticket, 'end'), ticketEnd);
  }

  async function rememberEnd(end: TicketEnd, read: TicketDocument, document: ArtifactRef): Promise<void> {
    const { ticket, repository, title } = read;
    const tainted = !isVouched(read);
    const draft = {
      kind: end.how === 'merged' ? ('fix' as const) : ('failure' as const),
      text: remembered({ title, end }),
      from: { case: ticket, campaign: null, repository, object: document },
      ...{ tainted, at: read.at },
    };
    await memory.over(draft, ports.now());
  }

  /** A change of it that has landed has landed for it, even where the machine failed before anybody could be told. */
  async function landedBy({ ticket, tried }: TicketEnd, repository: RepositoryName): Promise<TicketEnd | undefined> {
    const changes = await proposedBy(ticket);
    if (changes.length === 0) return undefined;
    const { git } = await open(repository);
    for (const change of changes) {
      const commit = await git.landed(change);
      const lands = commit === null ? undefined : await store.readNamed(landingName(repository, commit));
      const { data } = landing.safeParse(lands && JSON.parse(textOf(lands.bytes)));
      if (commit !== null && data?.tag === `anneal/${ticket}`)
        return { how: 'merged', ticket, tried, change, commit, tag: data.tag };
    }
    return undefined;
  }

  async function proposedBy(ticket: TicketName): Promise<ChangeId[]> {
    const keys = await store.listNamed(incidentKey(ticket, 'proposals/'));
    const kept = await Promise.all(keys.map((key) => store.readNamed(key)));
    const named = kept.flatMap((one) => proposalOn.safeParse(one && JSON.parse(textOf(one.bytes))).data ?? []);
    const changes: ProposedChange[] = [];
    for (const { proposal } of named) changes.push(await documents.read(proposedChange, proposal));
    return changes.map(({ id }) => id);
  }
}

const MOST_FORMER = 5;
const isSame = (one: string, ticket: TicketName): boolean => {
  const { data } = ticketName.safeParse(one);
  return data !== undefined && ticketOf(data) === ticketOf(ticket);
};

const landing = z.looseObject({ tag: z.string() });
const proposalOn = z.looseObject({ proposal: artifactRef });

function workOf({ tickets: { attempts, budget, afterApproval, backOff } }: RepositorySpec) {
  const bounds = (of: { turns: number; tokens: number; time: string }): Bounds => ({
    ...{ turns: of.turns, tokens: of.tokens, seconds: durationMs(of.time) / 1_000 },
  });
  return {
    ...{ attempts, budget: bounds(budget) },
    afterApproval: { times: afterApproval.times, budget: bounds(afterApproval) },
    backOff: { firstMs: durationMs(backOff.first), mostMs: durationMs(backOff.most) },
  };
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
