// A worker of its own process, to be killed: it runs a real job and reads along; the rest of its campaign is scripted.
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { atBoundary } from '../../activities/boundary.ts';
import { createMonitor } from '../../activities/monitor.ts';
import { createDocuments } from '../../activities/read.ts';
import { createTrainingActivities } from '../../activities/training.ts';
import { follow } from '../../agents/diagnosis/follow.ts';
import { MONITOR, QUEUES } from '../../contracts/names.ts';
import type { ModelGateway } from '../../contracts/ports.ts';
import { createLocalJobRunner } from '../../infra/jobs/local.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { growingLogs } from '../../worker/growing-logs.ts';
import { createBoundaries, death } from '../support/deaths.ts';
import { scriptedActivities } from '../support/scripted-activities.ts';

const mortal = z.strictObject({
  ...{ temporal: z.string(), namespace: z.string(), bundle: z.string(), home: z.string(), trainer: z.string() },
  death,
});
export type MortalMonitor = z.infer<typeof mortal>;

Runtime.install({ logger: new DefaultLogger('ERROR') });
const given = mortal.parse(JSON.parse(process.argv[2]!));
const boundaries = createBoundaries(given.death);
const store = boundaries.store(createFolderStore(join(given.home, 'store')));
const documents = createDocuments(store);
const jobs = createLocalJobRunner({
  ...{ store, jobsDir: join(given.home, 'jobs'), argv: ['python3', given.trainer], env: {}, supervisor: undefined },
});
const client = new Client({
  connection: await Connection.connect({ address: given.temporal }),
  namespace: given.namespace,
});
const watchJob = createMonitor({
  ...{ store, documents, follow, logsOf: growingLogs(jobs), now: () => Date.now(), everyMs: 300 },
  async raise(workflow, seen) {
    await client.workflow.getHandle(workflow).signal(MONITOR.sighted, seen);
    boundaries.passed('told the campaign');
  },
});
const { runJob, cancelJob } = createTrainingActivities({
  ...{ store, documents, jobs, watchJob, gateway: {} as ModelGateway },
});
const { activities } = scriptedActivities({ passRates: [0.1, 0.05] });
const mine = { ...activities, ...atBoundary(boundaries.activities({ runJob, cancelJob })) };

const connection = await NativeConnection.connect({ address: given.temporal });
const workers = await Promise.all(
  Object.values(QUEUES).map((taskQueue) =>
    Worker.create({
      ...{ connection, namespace: given.namespace, taskQueue, activities: mine, shutdownGraceTime: 0 },
      ...(taskQueue === QUEUES.control ? { workflowBundle: { codePath: given.bundle } } : {}),
    }),
  ),
);
await Promise.all(workers.map((worker) => worker.run()));
