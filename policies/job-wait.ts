// How long a job may stand still before it runs, beyond the time that it may take.
import type { CampaignSpec } from '../contracts/campaign.ts';

const HOUR_MS = 3_600_000;
/** For a queue's word (decision 16): what waits longer is told to a human. */
export const ADMISSION_MS = 6 * HOUR_MS;
/** For the queue and for nodes, once more after a preemption: what waits longer is told by its runner first. */
const ON_A_CLUSTER_MS = 2 * ADMISSION_MS + HOUR_MS;

export const waitOf = ({ compute }: Pick<CampaignSpec, 'compute'>): number =>
  compute === 'kubernetes' ? ON_A_CLUSTER_MS : 0;
