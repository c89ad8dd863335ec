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

/** One round more than the quickstart plays, to see where it turns. */
const rounds = 4;

export const SETTINGS: Readonly<Record<string, Setting>> = {
  chosen: { rounds },
  // Steps larger by two thirds.
  brisk: { rounds, training: { learningRate: 0.0025 } },
  // The distribution that most papers sample from; this model answers it with noise.
  hot: { rounds, harness: { temperature: 1 }, evaluation: { temperature: 1 } },
};
