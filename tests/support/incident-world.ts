// An installation that has incidents: a bare repository, its gates, its merge queue, the real activities with a sandbox, on a real Temporal server.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { atBoundary } from '../../activities/boundary.ts';
import { createForgeActivities } from '../../activities/forge.ts';
import { createGateActivities } from '../../activities/gates.ts';
import { createIncidentActivities, type IncidentPorts } from '../../activities/incidents.ts';
import { createMergeActivities, type MergePorts } from '../../activities/merges.ts';
import { createDocuments } from '../../activities/read.ts';
import { createRevertActivities } from '../../activities/reverts.ts';
import { createTellingActivities } from '../../activities/tellings.ts';
import { type CommitId, commitId, repositoryName } from '../../contracts/change.ts';
import { type IncidentEnd, type IncidentInput, incidentName } from '../../contracts/incident.ts';
import { INCIDENT, incidentWorkflowId, ownLogName, QUEUES } from '../../contracts/names.ts';
import { type RepositorySpec, repositoriesSpec } from '../../contracts/repositories.ts';
import type { Skill } from '../../contracts/skill.ts';
import { openRepositories } from '../../infra/repositories.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { createGates, type Gates } from '../../infra/temporal/gates.ts';
import { incidentPorts } from '../../worker/incidents.ts';
import type { RoleModel } from '../../worker/repairs.ts';
import { openPeople, type PeopleAtHand } from './people.ts';
import { temporal, workersOf } from './play-campaign.ts';

export interface IncidentWorld extends PeopleAtHand {
  /** Of the bare repository. */
  git(...args: string[]): string;
  /** Somebody pushes: these files over the branch's. */
  push(files: Readonly<Record<string, string>>, message?: string): CommitId;
  /** What the branch has now. */
  files(): Promise<ReadonlyMap<string, Uint8Array>>;
  readonly gates: Gates;
  /** As the worker has them, at Temporal's boundary. */
  readonly activities: ReturnType<typeof createIncidentActivities> & ReturnType<typeof createMergeActivities>;
  /** @param more `foreign`: nobody knows who wrote the log */
  open(
    name: string,
    log: string,
    more?: Partial<IncidentInput> & { foreign?: true },
  ): Promise<{ ended: Promise<IncidentEnd>; input: IncidentInput }>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly files: Readonly<Record<string, string>>;
  readonly skills?: readonly Skill[];
  readonly repository?: Partial<RepositorySpec>;
  readonly model?: RoleModel;
  /** In place of what the worker has. */
  readonly ports?: Partial<IncidentPorts & MergePorts>;
}

export const REPOSITORY = repositoryName.parse('trainer');

export async function incidentWorld({
  files,
  skills = [],
  repository = {},
  model,
  ports = {},
}: WorldOptions): Promise<IncidentWorld> {
  const at = await openPeople();
  const bare = join(at.root, 'trainer.git');
  const home = { ...process.env, HOME: at.root, GIT_CONFIG_NOSYSTEM: '1' };
  const run = (folder: string, args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@localhost', ...args], {
      ...{ cwd: folder, env: home, encoding: 'utf8' },
    }).trim();
  mkdirSync(bare);
  run(bare, ['init', '--bare', '--quiet', '--initial-branch=main']);
  const clone = join(at.root, 'clone');
  run(at.root, ['clone', '--quiet', bare, clone]);
  function push(changed: Readonly<Record<string, string>>, message = 'a change'): CommitId {
    if (run(bare, ['branch', '--list']) !== '') run(clone, ['pull', '--quiet', '--rebase']);
    for (const [path, text] of Object.entries(changed)) {
      mkdirSync(dirname(join(clone, path)), { recursive: true });
      writeFileSync(join(clone, path), text);
    }
    run(clone, ['add', '--all']);
    run(clone, ['commit', '--quiet', '--message', message]);
    run(clone, ['push', '--quiet', 'origin', 'HEAD:main']);
    return commitId.parse(run(bare, ['rev-parse', 'main']));
  }
  push(files, 'the beginning');

  const { store, identity, audit } = at;
  const documents = createDocuments(store);
  const spec = repositoriesSpec.parse({
    ...{ apiVersion: 'anneal/v1', kind: 'Repositories' },
    repositories: [{ name: REPOSITORY, path: bare, ...repository }],
  });
  const parts = incidentPorts({
    ...{ store, sandbox: createBubblewrapSandbox(), tools: async () => new Map(), skills: async () => skills },
    open: openRepositories(spec),
    ...(model && { model }),
  });
  const all = { store, documents, identity, audit, ...parts, ...ports };
  const activities = {
    ...createIncidentActivities(all),
    ...createMergeActivities(all),
    ...createRevertActivities(all),
    ...createForgeActivities({ ...all, pauseMs: 50 }),
  };
  const stop = await workersOf(
    atBoundary({
      ...activities,
      ...createGateActivities({ store, documents, identity, critical: ['merge'], audit }),
      ...createTellingActivities({ store, documents, onCall: undefined, tell: async () => {}, lent: async () => [] }),
    }),
  );
  return {
    ...at,
    git: (...args) => run(bare, args),
    push,
    async files() {
      const { git } = await openRepositories(spec)(REPOSITORY);
      return git.snapshot(await git.tip());
    },
    gates: createGates(temporal(), store),
    activities,
    async open(name, log, { foreign, ...more } = {}) {
      const object = await store.put(log);
      if (!foreign) await store.createNamed(ownLogName(object.sha256), 'a-job');
      const input: IncidentInput = {
        ...({ schema: 'anneal/incident/v1', incident: incidentName.parse(name), campaign: null } as const),
        ...{ repository: REPOSITORY, owner: 'somebody', logs: [{ name: 'log', object }] },
        ...{ reportTo: null, ...more },
      };
      const options = { workflowId: incidentWorkflowId(input.incident), taskQueue: QUEUES.control, args: [input] };
      const handle = await temporal().workflow.start('incident', options);
      return { ended: handle.result() as Promise<IncidentEnd>, input };
    },
    async close() {
      await stop();
      await rm(at.root, { recursive: true, force: true });
    },
  };
}

export const viewOf = (name: string) => temporal().workflow.getHandle(`incident/${name}`).query(INCIDENT.view);
