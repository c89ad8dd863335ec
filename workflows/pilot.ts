// How often the base model solves each visible task: what the curriculum of a campaign draws by.
import { defineQuery, executeChild, setHandler } from '@temporalio/workflow';
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { CampaignName } from '../contracts/ids.ts';
import { childWorkflowId, PROGRESS } from '../contracts/names.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import type { construction } from './construction.ts';
import { activitiesOn } from './queues.ts';
import { runPlan } from './run-plan.ts';

export interface PilotInput {
  campaign: CampaignName;
  spec: ArtifactRef;
  policy: PolicyVersion;
  samples: number;
  concurrency: number;
  timeoutMs: number;
  /** The campaign names a judge, which is calibrated first. */
  judged?: true;
}

const act = activitiesOn('control', {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

const judging = activitiesOn('jobs', {
  startToCloseTimeout: '2h',
  heartbeatTimeout: '20s',
  retry: RETRY_OPTIONS.patient,
});

export async function pilot(input: PilotInput): Promise<ArtifactRef> {
  let shard = '';
  setHandler(defineQuery<{ shard: string }>(PROGRESS), () => ({ shard }), { description: 'The shard at work; ask it' });
  const { campaign, spec } = input;
  if (input.judged) await judging.calibrateJudge({ campaign, spec });
  const workflowId = childWorkflowId(campaign, 0, 'construct');
  const taskSet = await executeChild<typeof construction>('construction', { workflowId, args: [{ campaign, spec }] });
  const handle = await act.planPilot({ ...input, taskSet });
  await runPlan(handle, { ...input, workflowId: childWorkflowId(campaign, 0, 'pilot'), onShard: (id) => (shard = id) });
  return act.passRates({ plan: handle.plan });
}
