// Which queue's workers run what.
import type { ForgeActivities, IncidentActivities, MergeActivities, RevertActivities } from './incident-interface.ts';
import type {
  CampaignActivities,
  CertifiedActivities,
  ConstructionActivities,
  EvaluationActivities,
  GateActivities,
  JudgingActivities,
  PipelineActivities,
  RolloutActivities,
  ServerActivities,
  TellingActivities,
  TrackingActivities,
  TrainingActivities,
} from './interface.ts';
import type { ResearchActivities } from './research-interface.ts';
import type { RlTeamActivities } from './rl-team-interface.ts';
import type { TicketActivities } from './ticket-interface.ts';

/** Calls without effects outside of Temporal and the store are `control`'s; what takes hours is `jobs`'. */
export interface QueueActivities {
  control: CampaignActivities &
    GateActivities &
    TellingActivities &
    EvaluationActivities &
    CertifiedActivities &
    TrackingActivities &
    PipelineActivities &
    Pick<RolloutActivities, 'planTraining' | 'planEvaluation' | 'planPilot'> &
    Pick<TrainingActivities, 'assembleBatch' | 'importJob' | 'cancelJob' | 'keepLogs'> &
    Pick<ServerActivities, 'closeServers'> &
    Pick<IncidentActivities, 'pinBase' | 'lookElsewhere' | 'requestMerge' | 'recordEnd'> &
    Pick<MergeActivities, 'rebaseChange' | 'landCommit'> &
    Pick<TicketActivities, 'ticketAgents' | 'beginTicket' | 'recordTicketEnd'> &
    Pick<ResearchActivities, 'openResearch' | 'handOut' | 'recordResearchEnd'> &
    RlTeamActivities &
    Pick<RevertActivities, 'recordRevert'>;
  rollouts: Pick<RolloutActivities, 'generate' | 'grade' | 'play' | 'mask'>;
  jobs: ConstructionActivities &
    JudgingActivities &
    Pick<TrainingActivities, 'runJob'> &
    Pick<ServerActivities, 'openServers' | 'servePolicy' | 'restServers'> &
    Pick<IncidentActivities, 'analyseLogs' | 'reproduce' | 'propose' | 'judgeChange' | 'reviewChange'> &
    Pick<MergeActivities, 'tryCommit'> &
    Pick<TicketActivities, 'develop' | 'tellIssue'> &
    ForgeActivities &
    Pick<RevertActivities, 'considerRevert'> &
    Omit<ResearchActivities, 'openResearch' | 'handOut' | 'recordResearchEnd'>;
}
