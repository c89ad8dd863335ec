// A worker of its own process, to be killed: the whole path of tickets, with real repositories, store, key, sandbox, gateway and audit log.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { atBoundary } from '../../activities/boundary.ts';
import { createForgeActivities } from '../../activities/forge.ts';
import { createGateActivities } from '../../activities/gates.ts';
import { createIncidentActivities } from '../../activities/incidents.ts';
import { createMergeActivities } from '../../activities/merges.ts';
import { createDocuments } from '../../activities/read.ts';
import { createTellingActivities } from '../../activities/tellings.ts';
import { createTicketActivities } from '../../activities/tickets.ts';
import type { RepositoryName } from '../../contracts/change.ts';
import { QUEUES } from '../../contracts/names.ts';
import { repositoriesSpec } from '../../contracts/repositories.ts';
import { createAgentAccess } from '../../infra/gateway-client/agents.ts';
import { createLocalIdentity } from '../../infra/identity/local.ts';
import { forgetDeadTemporary } from '../../infra/process/work-folder.ts';
import { openRepositories } from '../../infra/repositories.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { incidentPorts } from '../../worker/incidents.ts';
import { roleModel } from '../../worker/repairs.ts';
import { auditIn } from '../support/audit.ts';
import { createBoundaries, death } from '../support/deaths.ts';

const mortal = z.strictObject({
  ...{ temporal: z.string(), namespace: z.string(), bundle: z.string(), home: z.string() },
  repositories: repositoriesSpec,
  gateway: z.strictObject({ url: z.string(), secret: z.string() }),
  /** It dies at each of them, once. */
  deaths: z.array(death),
  /** A file for its process's id, written when it serves. */
  pid: z.string(),
});
export type MortalTickets = z.infer<typeof mortal>;

Runtime.install({ logger: new DefaultLogger('ERROR') });
const given = mortal.parse(JSON.parse(process.argv[2]!));
await forgetDeadTemporary();
const all = given.deaths.map(createBoundaries);
const store = all.reduce((inner, one) => one.store(inner), createFolderStore(join(given.home, 'store')));
const documents = createDocuments(store);
const identity = createLocalIdentity(join(given.home, 'keys'));
const audit = auditIn(given.home, store, identity);
const openReal = openRepositories(given.repositories);
const open = async (name: RepositoryName) => {
  const { spec, git, forge } = await openReal(name);
  const mortal = forge && all.reduce((inner, one) => one.effects('forge', inner, ['commentIssue']), forge);
  return {
    ...{ spec, git: all.reduce((inner, one) => one.effects('git', inner, ['land']), git) },
    ...(mortal && { forge: mortal }),
  };
};
const { url, secret } = given.gateway;
const access = createAgentAccess({ url, secret: Buffer.from(secret, 'hex') });
const parts = {
  ...{ store, sandbox: createBubblewrapSandbox(), open, tools: async () => new Map(), skills: async () => [] },
  model: roleModel('scripted-coder', access),
};
const ports = { store, documents, identity, audit, ...incidentPorts(parts) };
const incidents = createIncidentActivities(ports);
const activities = {
  ...incidents,
  ...createMergeActivities(ports),
  ...createForgeActivities({ store, documents, identity, open }),
  ...createTicketActivities({
    ...{ ...ports, pinBase: incidents.pinBase },
    verifyBytes: (bytes, signed) => identity.verifyBytes(bytes, signed),
  }),
  ...createGateActivities({ store, documents, identity, critical: ['merge'], audit }),
  ...createTellingActivities({ store, documents, onCall: undefined, tell: async () => {}, lent: async () => [] }),
};

const connection = await NativeConnection.connect({ address: given.temporal });
const workers = await Promise.all(
  Object.values(QUEUES).map((taskQueue) =>
    Worker.create({
      ...{ connection, namespace: given.namespace, taskQueue, shutdownGraceTime: 0 },
      activities: atBoundary(all.reduce((inner, one) => one.activities(inner), activities)),
      ...(taskQueue === QUEUES.control ? { workflowBundle: { codePath: given.bundle } } : {}),
    }),
  ),
);
writeFileSync(given.pid, String(process.pid));
await Promise.all(workers.map((worker) => worker.run()));
await connection.close();
