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
  'rate-3e-3': { training: { learningRate: 0.003 } },
  'rate-15e-4': { training: { learningRate: 0.0015 } },
  // The distribution that most papers sample from; this model answers it with noise.
  'temperature-1': { harness: { temperature: 1 }, evaluation: { temperature: 1 } },
};
