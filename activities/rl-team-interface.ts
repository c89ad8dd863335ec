// What a team's cycle may ask of the outside world.
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { CampaignName } from '../contracts/ids.ts';
import type { CampaignInput } from '../contracts/record.ts';
import type { ResearchBudget, ResearchInput } from '../contracts/research.ts';
import type { RlTeamName, TeamPlan, TeamReport } from '../contracts/rl-team.ts';

/** What a planner goes by besides the goal and the last report. */
export interface Planning {
  readonly owner: string;
  readonly documents: ArtifactRef | null;
  /** Of the order: until a campaign has run. */
  readonly base: ArtifactRef | null;
  /** The last that ran. */
  readonly campaign: CampaignName | null;
  /** Of its researches. */
  readonly number: number;
  readonly runChain: string;
}

/** What is to be read first: a research, and then one experiment on a base campaign, each with a budget of its own. */
export interface PlanningResearch {
  readonly input: ResearchInput;
  readonly base: ArtifactRef;
  readonly left: ResearchBudget;
}

export type ProposedPlan = { how: 'proposed'; plan: TeamPlan } | { how: 'none'; why: string };

export interface RlTeamActivities {
  /** What a human gave, checked; else what the planner would have read before it proposes; else nothing. */
  proposePlan(input: {
    team: RlTeamName;
    iteration: number;
    goal: string;
    given: ArtifactRef | null;
    last: ArtifactRef | null;
    /** Absent in runs of before. */
    planning?: Planning;
  }): Promise<ProposedPlan | ({ how: 'research' } & PlanningResearch)>;
  /** The plan that follows from an experiment: its first campaign that varies anything. It starts nothing. */
  planFrom(input: {
    team: RlTeamName;
    report: ArtifactRef;
    experiment: ArtifactRef;
    base: ArtifactRef;
    /** That the experiment cost; the research's are in its report. */
    tokens: number;
  }): Promise<ProposedPlan>;
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
