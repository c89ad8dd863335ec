// A worker of its own process, to be killed around what a team does: the real activities of team and gates, and whoever proposes its experiment;
// *scripted* campaigns and a *scripted* model.

import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { atBoundary } from '../../activities/boundary.ts';
import { QUEUES } from '../../contracts/names.ts';
import { createLocalIdentity } from '../../infra/identity/local.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { auditIn } from '../support/audit.ts';
import { createBoundaries, death } from '../support/deaths.ts';
import { scriptedChat } from '../support/scripted-chat.ts';
import { scriptedModel } from './scripted-model.ts';
import { teamActivities } from './team-activities.ts';

const mortal = z.strictObject({
  ...{ temporal: z.string(), namespace: z.string(), bundle: z.string(), home: z.string(), death },
});
export type MortalTeam = z.infer<typeof mortal>;

/** How a research dies is another test's (killed.test.ts). */
const MORTAL = [
  ...(['proposePlan', 'planFrom', 'beginPlan', 'analyseCampaign', 'closeReport', 'proposeExperiment'] as const),
  ...(['freezeEvidence', 'verifyDecision', 'recordAnswer'] as const),
] as const;

Runtime.install({ logger: new DefaultLogger('ERROR') });
const given = mortal.parse(JSON.parse(process.argv[2]!));
const boundaries = createBoundaries(given.death);
const store = boundaries.store(createFolderStore(join(given.home, 'store')));
const own = createLocalIdentity(join(given.home, 'keys'));
const identity = boundaries.effects('identity', own, ['verifyAll']);
const says = scriptedModel({ planted: false });
const { real, campaigns } = teamActivities({
  ...{ store, identity, audit: auditIn(given.home, store, own) },
  model: {
    ...{ name: 'scripted-researcher', scripted: true },
    chat: ({ number }) =>
      boundaries.effects(
        `sub-agent ${number}`,
        scriptedChat((asked) => says(asked)),
        ['ask'],
      ),
  },
});
const dying = boundaries.activities(Object.fromEntries(MORTAL.map((name) => [name, real[name]])));
const activities = atBoundary({ ...campaigns, ...real, ...dying });

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
