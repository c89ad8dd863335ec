// What the study compares, each as its difference from the quickstart's own file.
import type { CampaignSpec } from '../contracts/campaign.ts';

export interface Setting {
  readonly rounds?: number;
  readonly harness?: Partial<CampaignSpec['harness']>;
  readonly rollouts?: Partial<Pick<CampaignSpec['rollouts'], 'groupsPerRound' | 'groupSize'>>;
  readonly reward?: Partial<CampaignSpec['reward']>;
  readonly training?: Partial<CampaignSpec['training']>;
  readonly evaluation?: Partial<CampaignSpec['evaluation']>;
}

export const SETTINGS: Readonly<Record<string, Setting>> = {
  chosen: {},
  // The format counts for a quarter of the answer, not a tenth.
  formed: { reward: { format: 0.25 } },
  // Steps twice as large.
  brisk: { training: { learningRate: 0.003 } },
  // The distribution that most papers sample from; this model answers it with noise.
  hot: { harness: { temperature: 1 }, evaluation: { temperature: 1 } },
};
