// A worker of its own process, to be killed: the whole path of an incident, with a real repository, store, key, sandbox and audit log.
import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { atBoundary } from '../../activities/boundary.ts';
import { createGateActivities } from '../../activities/gates.ts';
import { createIncidentActivities } from '../../activities/incidents.ts';
import { createMergeActivities } from '../../activities/merges.ts';
import { createDocuments } from '../../activities/read.ts';
import { createTellingActivities } from '../../activities/tellings.ts';
import type { RepositoryName } from '../../contracts/change.ts';
import { QUEUES } from '../../contracts/names.ts';
import { repositoriesSpec } from '../../contracts/repositories.ts';
import { createLocalIdentity } from '../../infra/identity/local.ts';
import { forgetDeadTemporary } from '../../infra/process/work-folder.ts';
import { openRepositories } from '../../infra/repositories.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { incidentPorts } from '../../worker/incidents.ts';
import { auditIn } from '../support/audit.ts';
import { createBoundaries, death } from '../support/deaths.ts';
import { MEND } from './division.ts';

const mortal = z.strictObject({
  ...{ temporal: z.string(), namespace: z.string(), bundle: z.string(), home: z.string() },
  repositories: repositoriesSpec,
  /** What it takes for the time: the same change then makes the same commit in every life. */
  at: z.iso.datetime(),
  death,
});
export type MortalIncident = z.infer<typeof mortal>;

Runtime.install({ logger: new DefaultLogger('ERROR') });
const given = mortal.parse(JSON.parse(process.argv[2]!));
await forgetDeadTemporary();
const boundaries = createBoundaries(given.death);
const store = boundaries.store(createFolderStore(join(given.home, 'store')));
const documents = createDocuments(store);
const identity = createLocalIdentity(join(given.home, 'keys'));
const audit = auditIn(given.home, store, identity);
const openReal = openRepositories(given.repositories);
const open = async (name: RepositoryName) => {
  const { spec, git } = await openReal(name);
  const methods = ['snapshot', 'commitEdits', 'commitPatch', 'rebase', 'land', 'tag'] as const;
  return { spec, git: boundaries.effects('git', git, methods) };
};
// The program that it holds has begun by then.
const sandbox = boundaries.effects('sandbox', createBubblewrapSandbox(), ['run'], 300);
const parts = { store, sandbox, open, tools: async () => new Map(), skills: async () => [MEND] };
const ports = {
  ...{ store, documents, identity, audit, ...incidentPorts(parts) },
  now: () => new Date(given.at),
};
const activities = atBoundary(
  boundaries.activities({
    ...createIncidentActivities(ports),
    ...createMergeActivities(ports),
    ...createGateActivities({ store, documents, identity, critical: ['merge'], audit }),
    ...createTellingActivities({ store, documents, onCall: undefined, tell: async () => {}, lent: async () => [] }),
  }),
);

const connection = await NativeConnection.connect({ address: given.temporal });
const workers = await Promise.all(
  Object.values(QUEUES).map((taskQueue) =>
    Worker.create({
      ...{ connection, namespace: given.namespace, taskQueue, activities, shutdownGraceTime: 0 },
      ...(taskQueue === QUEUES.control ? { workflowBundle: { codePath: given.bundle } } : {}),
    }),
  ),
);
await Promise.all(workers.map((worker) => worker.run()));
await connection.close();
