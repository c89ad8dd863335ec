// The worker's part of an evaluation, in a process of its own: the activities of a campaign in the order in which its workflow calls
// them, without Temporal between. argv[2]: JSON of `asked`; prints JSON of `measured`.
import { join } from 'node:path';
import { asyncLocalStorage } from '@temporalio/activity';
import { z } from 'zod';
import { createEvaluationActivities } from '../activities/evaluation.ts';
import { createDocuments } from '../activities/read.ts';
import { createRolloutActivities } from '../activities/rollouts.ts';
import { campaignName, makePolicyName } from '../contracts/ids.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import { openEmbeddedGateway } from '../gateway/embedded.ts';
import { createBubblewrapSandbox } from '../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { createTurns } from '../policies/turns.ts';
import { scriptedEngines } from './eval-engine.ts';
import { samples } from './eval-samples.ts';
import { lockSums, specOf } from './eval-tasks.ts';

const asked = z.strictObject({
  /** Of the artifact store and of the gateway's pool. */
  folder: z.string(),
  samples: z.int(),
  /** Lanes, as a campaign's `rollouts.concurrency`. */
  concurrency: z.int(),
});

const { folder, samples: count, concurrency } = asked.parse(JSON.parse(process.argv[2]!));

const store = createFolderStore(join(folder, 'store'));
const documents = createDocuments(store);
const questions = samples(count);
const gateway = await openEmbeddedGateway({
  ...{ dir: join(folder, 'gateway'), engines: scriptedEngines(questions), log: () => undefined },
});
// The scripted model has one version, and it is always there.
const policies = { serve: async () => ({ lost: [] }), ensure: nothing, repair: nothing };
const rollouts = createRolloutActivities({
  ...{ store, documents, gateway, policies, secret: 'of the bench' },
  // No task of this set runs anything.
  sandbox: createBubblewrapSandbox(),
});
const { measure } = createEvaluationActivities({ documents, gateway });

// Before the clock, as Inspect's samples are read before it.
const lock = await lockSums(questions, store);
const spec = specOf(lock, concurrency);
const [specRef, taskSet] = [await documents.write(spec), await documents.write(lock)];

const began = performance.now();
const policy = versionZero();
const planned = await rollouts.planEvaluation({ spec: specRef, taskSet, round: 0, split: 'gate', policy });
const turns = createTurns(0, planned.rollouts, planned.groupSize);
// Activities ask Temporal's context for nothing but the signal by which they are cancelled.
const context = { cancellationSignal: new AbortController().signal } as never;
await asyncLocalStorage.run(context, () => Promise.all(Array.from({ length: concurrency }, lane)));
const { passRate, masked } = await measure({ plan: planned.plan, confidence: spec.evaluation.confidence });
const seconds = (performance.now() - began) / 1000;
await gateway.close();
if (masked > 0) throw new Error(`${masked} samples were masked`);
process.stdout.write(`${JSON.stringify({ seconds, samples: passRate.n, accuracy: passRate.value })}\n`);
process.exit(0);

async function nothing(): Promise<void> {}

async function lane(): Promise<void> {
  const { plan } = planned;
  for (let index = turns.next(); index !== undefined; index = turns.next(index)) {
    await rollouts.generate({ plan, index });
    await rollouts.grade({ plan, index });
  }
}

function versionZero(): PolicyVersion {
  const campaign = campaignName.parse(spec.name);
  return {
    ...{ campaign, number: 0, name: makePolicyName(campaign, 0), base: spec.policy.base },
    ...{ parent: null, adapter: null, adapterGguf: null, optimizer: null },
  };
}
