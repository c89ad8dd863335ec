// What a team's cycle may ask of the outside world.
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { CampaignName } from '../contracts/ids.ts';
import type { CampaignInput } from '../contracts/record.ts';
import type { RlTeamName, TeamPlan, TeamReport } from '../contracts/rl-team.ts';

export interface RlTeamActivities {
  /** What a human gave, checked; else what the planner proposes; else nothing. */
  proposePlan(input: {
    team: RlTeamName;
    iteration: number;
    goal: string;
    given: ArtifactRef | null;
    last: ArtifactRef | null;
  }): Promise<{ how: 'proposed'; plan: TeamPlan } | { how: 'none'; why: string }>;
  /** Verifies the decision on record again, and makes what the campaign is started with. */
  beginPlan(input: { team: RlTeamName; plan: TeamPlan; evidence: ArtifactRef }): Promise<CampaignInput>;
  /** One turn; the report is that of the turns before with what this one adds. */
  analyseCampaign(input: {
    team: RlTeamName;
    iteration: number;
    campaign: CampaignName;
    ending: string;
    turn: number;
    report: ArtifactRef | null;
  }): Promise<{ report: ArtifactRef; tokens: number; done: boolean }>;
  closeReport(input: {
    report: ArtifactRef;
    turns: number;
    tokens: number;
    stopped: TeamReport['stopped'];
  }): Promise<{ report: ArtifactRef }>;
}
