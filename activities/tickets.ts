// The steps of a ticket that no incident has: what it says and whether anybody answers for it, the agent's sessions, its end.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isScripted } from '../contracts/agent-model.ts';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { type ChangeId, type ProposedChange, proposedChange, type RepositoryName } from '../contracts/change.ts';
import { AnnealError } from '../contracts/errors.ts';
import { sha256 } from '../contracts/ids.ts';
import { type Attempt, proposed } from '../contracts/incident.ts';
import type { Edit } from '../contracts/merge.ts';
import { incidentKey, landingName } from '../contracts/names.ts';
import type { RepositorySpec } from '../contracts/repositories.ts';
import {
  type SessionEnd,
  type TicketDocument,
  type TicketEnd,
  type TicketName,
  type TicketSpent,
  ticketContent,
  ticketDocument,
  ticketEnd,
  ticketSession,
  vouchStatement,
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
  /** @throws AnnealError where it is nobody's signature */
  readonly verifyBytes: (
    bytes: string,
    signed: NonNullable<TicketDocument['vouched']>,
  ) => { readonly revoked: boolean };
  readonly pinBase: IncidentActivities['pinBase'];
  readonly now: () => Date;
}

export const contentHash = (of: z.infer<typeof ticketContent>): string =>
  createHash('sha256')
    .update(canonicalJson(ticketContent.strip().parse(of)))
    .digest('hex');

export function createTicketActivities(ports: TicketPorts): TicketActivities {
  const { store, documents, open } = ports;
  const memory = createMemory(store);

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
      if (read.ticket !== ticket || read.repository !== repository || !ticket.endsWith(contentHash(read).slice(0, 12)))
        return { how: 'unfit', why: 'its document is that of another ticket' };
      try {
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
        const remembered = await memory.shownTo({ ...question, readerIsTainted: tainted, now: ports.now() });
        const played = await ports.develop({
          ...{ ticket: read, tainted, files: await git.snapshot(base), number, budget, tried },
          ...{ stalledAfter: spec.tickets.stalledAfter, remembered: remembered.map(asMaterial) },
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
  };

  function endOf(ticket: TicketName): Promise<TicketEnd | undefined> {
    return known(store, incidentKey(ticket, 'end'), ticketEnd);
  }

  /** Somebody who is known has signed for exactly these words. */
  function isVouched(read: TicketDocument): boolean {
    if (read.vouched === null) return false;
    try {
      return !ports.verifyBytes(vouchStatement(sha256.parse(contentHash(read))), read.vouched).revoked;
    } catch (failure) {
      if (failure instanceof AnnealError && failure.code.startsWith('decision.')) return false;
      throw failure;
    }
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
