// How long a job may stand still before it runs, beyond the time that it may take.
import type { CampaignSpec } from '../contracts/campaign.ts';

const HOUR_MS = 3_600_000;
/** For a queue's word and for nodes (decision 16), once more after a preemption: what waits longer is told by its runner first. */
const ON_A_CLUSTER_MS = 13 * HOUR_MS;

export const waitOf = ({ compute }: Pick<CampaignSpec, 'compute'>): number =>
  compute === 'kubernetes' ? ON_A_CLUSTER_MS : 0;
