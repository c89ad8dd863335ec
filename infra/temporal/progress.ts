// How far the stage at work has come, asked of the child that does it: by query where it counts, else by its heartbeat.
import type { Client } from '@temporalio/client';
import { PROGRESS } from '../../contracts/names.ts';
import type { CampaignStatus } from '../../contracts/record.ts';
import { decodePayloads } from './payload-trouble.ts';

type Progress = NonNullable<CampaignStatus['progress']>;

/** Undefined when it cannot be told: progress is a comfort, never an error. */
export async function progressOf(client: Client, workflowId: string): Promise<Progress | undefined> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    const description = await handle.describe();
    if (description.type === 'rollouts') return await handle.query<Progress>(PROGRESS);
    if (description.type === 'evaluation' || description.type === 'pilot') {
      const { shard } = await handle.query<{ shard: string }>(PROGRESS);
      return shard === '' ? undefined : await client.workflow.getHandle(shard).query<Progress>(PROGRESS);
    }
    for (const activity of description.raw.pendingActivities ?? []) {
      const [details] = await decodePayloads(client, activity.heartbeatDetails?.payloads?.slice(0, 1) ?? []);
      const data = details?.data;
      const beat: unknown = data ? JSON.parse(Buffer.from(data).toString('utf8')) : undefined;
      if (isProgress(beat)) return beat;
    }
  } catch {
    // The child may have ended between the two calls.
  }
  return undefined;
}

function isProgress(value: unknown): value is Progress {
  return typeof value === 'object' && value !== null && 'done' in value && 'total' in value && 'unit' in value;
}
