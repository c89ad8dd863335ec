// One rollout of several steps before a real gateway and in a real sandbox: a plan, its task, and the activities that play and judge it.
import { join } from 'node:path';
import type { Documents } from '../../activities/read.ts';
import { createRolloutActivities } from '../../activities/rollouts.ts';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { type ArtifactTask, artifactTask } from '../../contracts/artifact-task.ts';
import { type HarnessSpec, harnessSpec } from '../../contracts/harness.ts';
import type { PlannedRollout, RolloutPlan } from '../../contracts/plan.ts';
import type { ModelGateway, Sandbox } from '../../contracts/ports.ts';
import { createAgentAccess } from '../../infra/gateway-client/agents.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { DEMO, POLICY, rollout, SECRET } from './gateway.ts';

export const sandbox = createBubblewrapSandbox();

export interface EpisodeOptions {
  readonly gatewayUrl: string;
  readonly gateway: ModelGateway;
  /** Holds the store. */
  readonly folder: string;
  readonly harness: Partial<HarnessSpec>;
  readonly timeoutMs?: number;
  readonly agents?: string;
  readonly task?: ArtifactTask;
  /** One that knows the task's root file system. */
  readonly sandbox?: Sandbox;
  readonly rollouts?: number;
}

/** Whoever leaves {"units": 3} in answer.json has solved it. */
export const UNITS = {
  instruction: 'How many units are there?',
  given: { 'orders.csv': 'name,units\npear,3\n' },
  gold: { 'answer.json': '{"units": 3}' },
} as const;

export async function openEpisode(options: EpisodeOptions) {
  const { gateway, gatewayUrl, folder } = options;
  const store = createFolderStore(join(folder, 'store'));
  const put = async (files: Readonly<Record<string, string>>): Promise<Record<string, ArtifactRef>> =>
    Object.fromEntries(
      await Promise.all(Object.entries(files).map(async ([path, text]) => [path, await store.put(text)])),
    );
  const task =
    options.task ??
    artifactTask.parse({
      schema: 'anneal/artifact-task/v1',
      ...{ id: 'units', family: 'units', capability: 'data/table', instruction: UNITS.instruction },
      ...{ format: 'structured-data', verifier: { name: 'structured-data', version: 1 } },
      deliverables: [{ path: 'answer.json', maxBytes: 1_000, required: true }],
      ...{ given: await put(UNITS.given), gold: await put(UNITS.gold), environment: null, baselineSeconds: null },
      check: {
        ...{
          file: 'answer.json',
          as: { format: 'json' },
          schema: { type: 'object', properties: { units: {} }, required: ['units'] },
        },
        checks: [{ kind: 'equals', name: 'units', at: '/units', value: 3 }],
      },
      ...{ canary: 'canary of the units', source: { kind: 'made', name: 'tests', licence: 'Apache-2.0' } },
    });
  const harness = harnessSpec.parse({ prompt: '{instruction}', maxTokens: 200, ...options.harness });
  const planned: PlannedRollout[] = Array.from({ length: options.rollouts ?? 1 }, (_, sample) => ({
    ...{ id: rollout(sample), group: `${DEMO}/r1/train.v0/g0`, task: task.id, seed: 7 + 1_000 * sample },
  }));
  const ref = await store.put('the tasks');
  const plan: RolloutPlan = {
    ...{ schema: 'anneal/plan/v1', campaign: DEMO, round: 1, purpose: 'train', split: 'visible', tasks: ref },
    policy: {
      ...{ campaign: DEMO, number: 0, name: POLICY, base: 'smollm2-135m-instruct' },
      ...{ parent: null, adapter: null, adapterGguf: null, optimizer: null },
    },
    ...{ harness, reward: { correctness: 1, partial: 0, format: 0.2 }, timeoutMs: options.timeoutMs ?? 60_000 },
    rollouts: planned,
  };
  const documents = { plan: async () => plan, split: async () => ({ tasks: [task] }) } as unknown as Documents;
  const activities = createRolloutActivities({
    ...{ store, documents, gateway, sandbox: options.sandbox ?? sandbox, secret: 'a secret' },
    policies: { serve: async () => ({ lost: [] }), ensure: async () => undefined, repair: async () => undefined },
    agents: {
      access: createAgentAccess({ url: gatewayUrl, secret: SECRET }),
      agentFolder: (name) => join(options.agents ?? folder, name),
    },
  });
  return { store, plan, planned, task, activities, at: { plan: ref, index: 0 } };
}
