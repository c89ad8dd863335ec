// A worker of its own process for campaigns whose policies vLLM serves: the real workflows and activities, wired as worker/main.ts
// does, before *scripted* servers and with the Megatron trainer's *scripted* engine as a local process. argv: JSON of `WeightsWorker`.

import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { atBoundary } from '../../activities/boundary.ts';
import { createCampaignActivities } from '../../activities/campaign.ts';
import { createConstructionActivities } from '../../activities/construction.ts';
import { createEvaluationActivities } from '../../activities/evaluation.ts';
import { createGateActivities } from '../../activities/gates.ts';
import { createDocuments } from '../../activities/read.ts';
import { createReportActivities } from '../../activities/report.ts';
import { createRolloutActivities } from '../../activities/rollouts.ts';
import { createServerActivities } from '../../activities/servers.ts';
import { createTellingActivities } from '../../activities/tellings.ts';
import { createTrainingActivities } from '../../activities/training.ts';
import { QUEUES } from '../../contracts/names.ts';
import type { PolicyHost, ServerFleet } from '../../contracts/ports.ts';
import { loadConfig } from '../../infra/config.ts';
import { readCritical } from '../../infra/critical.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { createLocalIdentity } from '../../infra/identity/local.ts';
import { createLocalJobRunner } from '../../infra/jobs/local.ts';
import { createReleases } from '../../infra/releases/releases.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { layOutSource } from '../../infra/source-files/carry.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createManifest } from '../../worker/manifest.ts';
import { createPolicies } from '../../worker/policies.ts';
import { auditIn } from './audit.ts';

export interface WeightsWorker {
  readonly temporal: string;
  readonly home: string;
  readonly bundle: string;
  readonly gateway: string;
  readonly secret: string;
  readonly python: string;
  readonly servers: readonly string[];
  readonly token: string;
}

Runtime.install({ logger: new DefaultLogger('ERROR') });
const given = JSON.parse(process.argv[2]!) as WeightsWorker;
const config = loadConfig();
const store = createFolderStore(join(given.home, 'store'));
const documents = createDocuments(store);
const sandbox = createBubblewrapSandbox(config.python === undefined ? {} : { pythonPath: config.python });
const identity = createLocalIdentity(join(given.home, 'keys'));
const gateway = createGatewayClient({ url: given.gateway, secret: Buffer.from(given.secret, 'hex') });
const trainer = config.paths.trainer;
const jobs = createLocalJobRunner({
  store,
  jobsDir: join(given.home, 'jobs'),
  argv: [given.python, join(trainer, 'tests', 'scripted_megatron.py'), 'train'],
  env: { PYTHONPATH: trainer, ANNEAL_STORE: `file://${join(given.home, 'store')}` },
  supervisor: undefined,
});
const none = (): never => {
  throw new Error('no adapters are served here');
};
const adapters: PolicyHost = { serve: none, ensure: none, repair: none };
const policies = createPolicies({
  ...{ store, profileOf: documents.profile, adapters, token: given.token },
  engines: async () => given.servers,
  update: { pollMs: 100 },
});
/** *Scripted*: the servers are there before and after. */
const fleet: ServerFleet = {
  open: async () => undefined,
  rest: async () => false,
  close: async () => undefined,
};
const manifest = createManifest({ config, documents, sandbox, store, gateway });
const audit = auditIn(config.home, store, identity);
const activities = {
  ...atBoundary({
    ...createGateActivities({ store, documents, identity, critical: (await readCritical(config.root)).gates, audit }),
    ...createTellingActivities({ store, documents, onCall: undefined, tell: async () => undefined }),
    ...createCampaignActivities({ store, documents, releases: createReleases(store, identity, audit), manifest }),
    ...createReportActivities({ store, documents, gateway, jobs, manifest }),
    ...createEvaluationActivities({ documents, gateway }),
    ...createRolloutActivities({ store, documents, gateway, policies, sandbox }),
    ...createTrainingActivities({ store, documents, gateway, jobs }),
    ...createServerActivities(fleet, policies),
    ...createConstructionActivities({
      ...{ store, documents, sandbox, parallel: 1, verifyBytes: identity.verifyBytes },
      layOut: (files) => layOutSource(files, store),
    }),
    track: async () => undefined,
  }),
};

const connection = await NativeConnection.connect({ address: given.temporal });
const workers = await Promise.all(
  Object.values(QUEUES).map((taskQueue) =>
    Worker.create({
      ...{ connection, taskQueue, activities, shutdownGraceTime: 0 },
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
