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
  gentle: { rounds: 4, training: { learningRate: 0.0015 }, reward: { format: 0.1, partial: 0.1 } },
  brisk: { training: { learningRate: 0.0025 }, reward: { format: 0.1, partial: 0.1 } },
};
