// Data construction: build the task set, certify it, lock it. It happens once, before round 1.
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { CampaignName } from '../contracts/ids.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { activitiesOn } from './queues.ts';

const { buildTaskSet } = activitiesOn('jobs', {
  startToCloseTimeout: '1h',
  heartbeatTimeout: '20s',
  retry: RETRY_OPTIONS.patient,
});

export async function construction(input: { campaign: CampaignName; spec: ArtifactRef }): Promise<ArtifactRef> {
  return buildTaskSet.executeWithOptions({ summary: 'build, certify and lock the task set' }, [input]);
}
