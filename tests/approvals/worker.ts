// A worker of its own process, to be killed: gates and effects are real, with a real store and key; what trains and measures is *scripted*.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { atBoundary } from '../../activities/boundary.ts';
import { createCampaignActivities } from '../../activities/campaign.ts';
import { createGateActivities } from '../../activities/gates.ts';
import { createDocuments } from '../../activities/read.ts';
import { artifactRef } from '../../contracts/artifact.ts';
import { QUEUES } from '../../contracts/names.ts';
import { reproducibilityManifest } from '../../contracts/release.ts';
import { readCritical } from '../../infra/critical.ts';
import { createLocalIdentity } from '../../infra/identity/local.ts';
import { createReleases } from '../../infra/releases/releases.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { auditIn } from '../support/audit.ts';
import { createBoundaries, death } from '../support/deaths.ts';
import { scriptedActivities } from '../support/scripted-activities.ts';

const mortal = z.strictObject({
  temporal: z.string(),
  namespace: z.string(),
  home: z.string(),
  bundle: z.string(),
  taskSet: artifactRef,
  manifest: reproducibilityManifest,
  /** People that each of its gates needs. */
  people: z.int().min(1).max(2),
  death,
});
export type MortalCampaign = z.infer<typeof mortal>;

Runtime.install({ logger: new DefaultLogger('ERROR') });
const given = mortal.parse(JSON.parse(process.argv[2]!));
const boundaries = createBoundaries(given.death);
const store = boundaries.store(createFolderStore(join(given.home, 'store')));
const documents = createDocuments(store);
const { gates: critical, approvals } = await readCritical(join(import.meta.dirname, '../..'));
const quorum = { 'open-sealed': given.people, release: given.people };
const identity = createLocalIdentity(join(given.home, 'keys'), { ...approvals, quorum });
const audit = auditIn(given.home, store, identity);
const { activities: scripted } = scriptedActivities({ passRates: [0.1, 0.3] });

// What was planned is known to the process that planned it: another one is told.
const planned = join(given.home, 'planned.jsonl');
type Planning = 'planTraining' | 'planEvaluation';
const remembering = (name: Planning) => async (input: never) => {
  appendFileSync(planned, `${JSON.stringify({ name, input })}\n`);
  return scripted[name](input);
};
if (existsSync(planned))
  for (const line of readFileSync(planned, 'utf8').trim().split('\n')) {
    const { name, input } = JSON.parse(line) as { name: Planning; input: never };
    await scripted[name](input);
  }

const campaign = createCampaignActivities({
  ...{ store, documents, releases: createReleases(store, identity, audit), manifest: async () => given.manifest },
});
const activities = {
  ...scripted,
  planTraining: remembering('planTraining'),
  planEvaluation: remembering('planEvaluation'),
  buildTaskSet: async () => given.taskSet,
  ...atBoundary(
    boundaries.activities({ ...createGateActivities({ store, documents, identity, critical, audit }), ...campaign }),
  ),
};

const connection = await NativeConnection.connect({ address: given.temporal });
const workers = await Promise.all(
  Object.values(QUEUES).map((taskQueue) =>
    Worker.create({
      ...{ connection, namespace: given.namespace, taskQueue, activities, shutdownGraceTime: 0 },
      ...(taskQueue === QUEUES.control ? { workflowBundle: { codePath: given.bundle } } : {}),
    }),
  ),
);
process.stdout.write('ready\n');
process.once('SIGTERM', () => {
  for (const worker of workers) worker.shutdown();
});
await Promise.all(workers.map((worker) => worker.run()));
await connection.close();
