// What a command works with: configuration, store, Temporal, identity; opened on demand, closed at the end.
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { AnnealError } from '../contracts/errors.ts';
import type { TeamSpec } from '../contracts/team.ts';
import { createAuditLog } from '../infra/audit/log.ts';
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
  campaigns(): Promise<Campaigns>;
  /** Who may submit; empty: whoever reaches Temporal. */
  teams(): Promise<readonly TeamSpec[]>;
  /** Temporal itself, for what is read across all of it. */
  temporal(): Promise<Client>;
  gates(): Promise<Gates>;
  incidents(): Promise<Incidents>;
  /** How often the base model solves each task of a campaign file. */
  pilot(spec: CampaignSpec, options: PilotOptions): ReturnType<typeof runPilot>;
  releases(): Promise<ReturnType<typeof createReleases>>;
  /** As one span, where traces are sent: what it starts belongs to its trace. */
  traced<T>(name: string, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
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

  return {
    config,
    store,
    colour: options.color !== false && process.stdout.isTTY === true,
    json: options.json === true,
    identity: async () => {
      await initIdentity(config.paths.keys);
      return createLocalIdentity(config.paths.keys, {}, people);
    },
    async people() {
      const audit = createAuditLog(store, await this.identity(), createWitness(config.paths.auditHead));
      return createPeople({ ...registry, audit });
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
    pilot: async (spec, options) => runPilot(await temporal(), store, spec, options),
    async releases() {
      const identity = await this.identity();
      const audit = createAuditLog(store, identity, createWitness(config.paths.auditHead));
      return createReleases(store, identity, audit);
    },
    close: async () => {
      await connected?.close();
      await (await started)?.close();
    },
  };
}
