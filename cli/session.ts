// What a command works with: configuration, store, Temporal, identity; opened on demand, closed at the end.
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { AuditLog } from '../contracts/audit.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { AnnealError } from '../contracts/errors.ts';
import type { TeamSpec } from '../contracts/team.ts';
import { openPlaces } from '../infra/audit/kept/read.ts';
import { createHeadSender, type HeadSender, sendingWitness } from '../infra/audit/kept/sender.ts';
import { createAuditLog, type Signing } from '../infra/audit/log.ts';
import { createWitness } from '../infra/audit/witness.ts';
import { type Config, loadConfig } from '../infra/config.ts';
import { readApprovers } from '../infra/identity/keys.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../infra/identity/local.ts';
import { createPeople, type People } from '../infra/people/registry.ts';
import { createSeenPeople } from '../infra/people/seen.ts';
import { createReleases } from '../infra/releases/releases.ts';
import { stackStatus } from '../infra/stack/stack.ts';
import { openStore } from '../infra/store/open.ts';
import { type Campaigns, createCampaigns } from '../infra/temporal/campaigns.ts';
import { type Connected, connect } from '../infra/temporal/connect.ts';
import { createGates, type Gates } from '../infra/temporal/gates.ts';
import { createIncidents, type Incidents } from '../infra/temporal/incidents.ts';
import { type PilotOptions, runPilot } from '../infra/temporal/pilot.ts';
import { createResearches, type Researches } from '../infra/temporal/research.ts';
import { createTickets, type Tickets } from '../infra/temporal/tickets.ts';

import { traceClient } from '../infra/tracing/temporal.ts';
import { startTracing, type Tracing } from '../infra/tracing/tracing.ts';
import { turnsOf } from './team/check.ts';
import { readTeams } from './team/read.ts';

export interface GlobalOptions {
  readonly json?: boolean;
  readonly temporal?: string;
  readonly color?: boolean;
}

/** How a command runs its work: with a session that is closed afterwards. */
export type Run = (work: (session: Session) => Promise<void>, command: Command) => Promise<void>;

/** The terminal that results are printed to. */
export const screen = (session: Session): { width: number; colour: boolean } => ({
  width: process.stdout.columns ?? 80,
  colour: session.colour,
});

export interface Session {
  readonly config: Config;
  readonly store: ArtifactStore;
  readonly colour: boolean;
  readonly json: boolean;
  identity(): Promise<LocalIdentity>;
  /** Who may what; its changes are noted. */
  people(): Promise<People>;
  /** The same without a key of this machine: to look, and to add what somebody else has signed. */
  readers(): Promise<People>;
  /** What this machine's key signs the heads of. */
  audit(): Promise<AuditLog>;
  campaigns(): Promise<Campaigns>;
  /** Who may submit; empty: whoever reaches Temporal. */
  teams(): Promise<readonly TeamSpec[]>;
  /** Temporal itself, for what is read across all of it. */
  temporal(): Promise<Client>;
  gates(): Promise<Gates>;
  incidents(): Promise<Incidents>;
  tickets(): Promise<Tickets>;
  researches(): Promise<Researches>;
  /** How often the base model solves each task of a campaign file. */
  pilot(spec: CampaignSpec, options: PilotOptions): ReturnType<typeof runPilot>;
  releases(): Promise<ReturnType<typeof createReleases>>;
  /** As one span, where traces are sent: what it starts belongs to its trace. */
  traced<T>(name: string, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** What a command has noted is sent while it ends. */
const SEND_MS = 10_000;

function refuseToSign(): never {
  throw new AnnealError('decision.unknown_signer', 'nobody signs here');
}

export function openSession(options: GlobalOptions): Session {
  const config = loadConfig({ temporal: options.temporal });
  const store = openStore(config);
  let connected: Connected | undefined;

  const registry = {
    store,
    roots: () => readApprovers(config.paths.keys),
    seen: createSeenPeople(config.paths.peopleSeen),
  };
  const people = createPeople(registry);

  let started: Promise<Tracing | undefined> | undefined;
  const tracing = () => (started ??= startTracing({ endpoint: config.observing.otlp, service: 'anneal-cli' }));

  async function temporal(): Promise<Client> {
    if (connected !== undefined) return connected.client;
    const stack = await stackStatus(config);
    // A named server wins; else the one that the running stack uses, which `up --temporal` may have named.
    const address = config.temporal.external ?? stack.endpoints?.temporal;
    if (address === undefined) throw new AnnealError('stack.not_running', 'nothing answers here');
    const trace = await tracing();
    const interceptors = trace === undefined ? [] : [traceClient(trace)];
    connected = await connect({ ...config.production.access, address }, { needs: 'read', interceptors });
    return connected.client;
  }

  async function teams(): Promise<readonly TeamSpec[]> {
    const { teamsFile } = config.production;
    return teamsFile === undefined ? [] : readTeams(teamsFile);
  }

  let sender: HeadSender | undefined;
  async function auditLog(identity: Signing): Promise<AuditLog> {
    const places = await openPlaces(config.auditHeads, config.paths.auditKept);
    sender ??= createHeadSender(places, ({ message }) => process.stderr.write(`${message}\n`));
    return createAuditLog(store, identity, sendingWitness(createWitness(config.paths.auditHead), sender));
  }

  return {
    config,
    store,
    colour: options.color !== false && process.stdout.isTTY === true,
    json: options.json === true,
    identity: async () => {
      await initIdentity(config.paths.keys);
      return createLocalIdentity(config.paths.keys, {}, people);
    },
    async readers() {
      const audit = await auditLog({ signBytes: () => refuseToSign() });
      return createPeople({ ...registry, audit });
    },
    async people() {
      return createPeople({ ...registry, audit: await auditLog(await this.identity()) });
    },
    async audit() {
      return auditLog(await this.identity());
    },
    async traced(name, work) {
      const trace = await tracing();
      return trace === undefined ? work() : trace.span(name, {}, work);
    },
    campaigns: async () => createCampaigns(await temporal(), store, turnsOf(await teams())),
    teams,
    temporal,
    gates: async () => createGates(await temporal(), store),
    incidents: async () => createIncidents(await temporal(), store),
    tickets: async () => createTickets(await temporal(), store),
    researches: async () => createResearches(await temporal(), store),
    pilot: async (spec, options) => runPilot(await temporal(), store, spec, options),
    async releases() {
      const identity = await this.identity();
      return createReleases(store, identity, await auditLog(identity));
    },
    close: async () => {
      await connected?.close();
      for (const place of (await sender?.settled(SEND_MS)) ?? [])
        process.stderr.write(`${place} has not the newest head of the audit log; the worker sends it on\n`);
      sender?.close();
      await (await started)?.close();
    },
  };
}
