// Which campaigns this home's worker has begun on a cluster. Whoever stops the stack, or removes the home, must know what stays there
// when neither worker nor Temporal is left to ask.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type CampaignName, campaignName } from '../../contracts/ids.ts';
import type { Config } from '../config.ts';
import { readJson, writeJson } from './json-file.ts';

const clusterCampaign = z.strictObject({
  schema: z.literal('anneal/cluster-campaign/v1'),
  campaign: campaignName,
  namespace: z.string(),
  /** HOST:PORT of the Temporal server that knows it; null: the home's own, without which nobody goes on with it. */
  temporal: z.string().nullable(),
});
export type ClusterCampaign = z.infer<typeof clusterCampaign>;

const folderOf = ({ paths }: Config): string => join(paths.run, 'on-cluster');

/** Before the first of its objects is made, so that none is without a note. */
export async function noteClusterCampaign(config: Config, campaign: CampaignName, namespace: string): Promise<void> {
  const temporal = config.temporal.external ?? null;
  const note: ClusterCampaign = { schema: 'anneal/cluster-campaign/v1', campaign, namespace, temporal };
  await writeJson(join(folderOf(config), `${campaign}.json`), note, 0o600);
}

/** Also those that have ended: the cluster knows what of them is left. In the order of their names. */
export async function clusterCampaigns(config: Config): Promise<ClusterCampaign[]> {
  const folder = folderOf(config);
  const names = await readdir(folder).catch(() => []);
  const notes = names.filter((name) => name.endsWith('.json')).sort();
  const read = await Promise.all(notes.map((name) => readJson(join(folder, name), clusterCampaign)));
  return read.filter((note) => note !== undefined);
}
