// A worker of its own process, to be killed amid sub-agents: the real activities and store, with a *scripted* model behind HTTP that counts who asks.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { atBoundary } from '../../activities/boundary.ts';
import { createGateActivities } from '../../activities/gates.ts';
import { createDocuments } from '../../activities/read.ts';
import { createResearchActivities } from '../../activities/research.ts';
import { createTellingActivities } from '../../activities/tellings.ts';
import type { AgentChat, Asked } from '../../contracts/agent-ports.ts';
import { QUEUES } from '../../contracts/names.ts';
import { createLocalIdentity } from '../../infra/identity/local.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { validateCampaign } from '../../worker/research.ts';
import { auditIn } from '../support/audit.ts';
import { createBoundaries, death } from '../support/deaths.ts';

const mortal = z.strictObject({
  ...{ temporal: z.string(), namespace: z.string(), bundle: z.string(), home: z.string() },
  /** Of the scripted model. */
  model: z.string(),
  /** A file: for each life, what was on record as it began. */
  lives: z.string(),
  death,
});
export type MortalResearch = z.infer<typeof mortal>;

Runtime.install({ logger: new DefaultLogger('ERROR') });
const given = mortal.parse(JSON.parse(process.argv[2]!));
const boundaries = createBoundaries(given.death);
const real = createFolderStore(join(given.home, 'store'));
appendFileSync(given.lives, `${JSON.stringify({ life: process.pid, known: await real.listNamed('research/') })}\n`);
const store = boundaries.store(real);
const documents = createDocuments(store);
const identity = createLocalIdentity(join(given.home, 'keys'));

const chatOf = (number: number): Pick<AgentChat, 'ask'> => ({
  async ask(request, signal): Promise<Asked> {
    const response = await fetch(given.model, {
      ...{ method: 'POST', signal },
      body: JSON.stringify({ life: process.pid, number, request }),
    });
    return (await response.json()) as Asked;
  },
});

const activities = atBoundary(
  boundaries.activities({
    ...createResearchActivities({
      ...{ store, documents, identity, judge: { absent: 'none is configured' }, search: undefined },
      model: {
        ...{ name: 'scripted-researcher', scripted: true },
        chat: ({ number }) => boundaries.effects(`sub-agent ${number}`, chatOf(number), ['ask']),
      },
      ...{ validate: validateCampaign(store), signal: () => new AbortController().signal, now: () => new Date() },
    }),
    ...createGateActivities({
      ...{ store, documents, identity, critical: ['merge'], audit: auditIn(given.home, store, identity) },
    }),
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
