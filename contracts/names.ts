// Names that clients, workers and workflows must agree on.
import type { RepositoryName } from './change.ts';
import type { CampaignName, GateId, JobName, Purpose, Sha256 } from './ids.ts';
import type { IncidentName } from './incident.ts';
import type { ResearchName } from './research.ts';
import type { RlTeamName } from './rl-team.ts';
import type { TicketName } from './ticket.ts';

/** Control is quick and must never wait behind rollouts or jobs, so each has a queue of its own. */
export const QUEUES = { control: 'anneal-control', rollouts: 'anneal-rollouts', jobs: 'anneal-jobs' } as const;

export const SEARCH = {
  campaign: 'AnnealCampaign',
  stage: 'AnnealStage',
  round: 'AnnealRound',
  gateState: 'AnnealGateState',
  owner: 'AnnealOwner',
} as const;
type SearchAttribute = (typeof SEARCH)[keyof typeof SEARCH];
/** What every Temporal that Anneal uses must have, under Temporal's names of the types. */
export const SEARCH_TYPES = {
  [SEARCH.campaign]: 'Keyword',
  [SEARCH.stage]: 'Keyword',
  [SEARCH.round]: 'Int',
  [SEARCH.gateState]: 'Keyword',
  [SEARCH.owner]: 'Keyword',
} as const satisfies Record<SearchAttribute, 'Keyword' | 'Int'>;

/** Messages of the campaign workflow. */
export const CAMPAIGN = { status: 'status', gateClosed: 'gateClosed', groupEnded: 'groupEnded' } as const;
/** Messages of the gate workflow. */
export const GATE = { decide: 'decide', decideSignal: 'decideSignal', view: 'view' } as const;
/** Messages of the incident workflow. */
export const INCIDENT = { view: 'view', merged: 'merged', waits: 'incidentWaits', ended: 'incidentEnded' } as const;
/** Messages of the research workflow. */
export const RESEARCH = { view: 'view' } as const;
/** What a watched training tells its campaign. */
export const MONITOR = { sighted: 'sighted' } as const;
/** Messages of a team's cycle. */
export const RL_TEAM = { view: 'view', wake: 'wake', give: 'givePlan' } as const;
/** Messages of a repository's merge queue. */
export const MERGES = { enqueue: 'enqueue', view: 'view' } as const;
/** Messages of the ticket workflow. */
export const TICKET = { view: 'view', park: 'park' } as const;
/** Messages of a repository's queue of tickets. */
export const TICKETS = { add: 'addTicket', park: 'parkTicket', ended: 'ticketEnded', view: 'view' } as const;
/** Query of every workflow whose work can be counted. */
export const PROGRESS = 'progress';

/** A set's sealed split by its own root, and the root of the whole set. */
export interface SealedSplit {
  readonly sealedRoot: string;
  readonly taskSetRoot: string;
}
/** Under which openings of it are counted: sets that differ in other tasks alone have one sealed split, and one budget. */
export const sealedPrefix = ({ sealedRoot }: Pick<SealedSplit, 'sealedRoot'>): string => `sealed/${sealedRoot}/`;
/** Under which all openings of it lie: the first ones were recorded by the root of the whole set, and are spent as well. */
export const sealedPrefixes = (of: SealedSplit): readonly string[] => [
  ...new Set([sealedPrefix(of), `sealed/${of.taskSetRoot}/`]),
];

/** The store's name of the model profile that a campaign was submitted with. */
export const profileName = (campaign: CampaignName): string => `campaigns/${campaign}/profile`;

/** The store's name of the specification that a campaign was submitted with. */
export const specName = (campaign: CampaignName): string => `campaigns/${campaign}/spec`;

/** The store's name of what is durable of a campaign whose rollouts overlap with training. */
export const pipelineName = (campaign: CampaignName): string => `campaigns/${campaign}/pipeline`;

/** The store's name of the base model's weights that a campaign starts from, where it trains all of them. */
export const baseWeightsOf = (campaign: CampaignName): string => `campaigns/${campaign}/base-weights`;

/** The store's names of what a campaign's judge is calibrated with, of what was measured of it, and of each question that it was asked. */
export const calibrationSetName = (campaign: CampaignName): string => `campaigns/${campaign}/judge-calibration-set`;
export const calibratedJudgeName = (campaign: CampaignName): string => `campaigns/${campaign}/judge`;
export const judgeExchangeName = (campaign: CampaignName, question: Sha256): string =>
  `campaigns/${campaign}/judged/${question}`;
/** The same of a judge that no campaign asks: by the hash of what it is and of what it is calibrated with. */
export const measuredJudgeName = (judge: Sha256): string => `judges/${judge}/judge`;
export const measuredJudgeExchangeName = (judge: Sha256, question: Sha256): string =>
  `judges/${judge}/judged/${question}`;

export const campaignWorkflowId = (campaign: CampaignName): `campaign/${string}` => `campaign/${campaign}`;
export const gateWorkflowId = (gate: GateId): `gate/${string}` => `gate/${gate}`;
export const incidentWorkflowId = (incident: IncidentName): `incident/${string}` => `incident/${incident}`;
export const researchWorkflowId = (research: ResearchName): `research/${string}` => `research/${research}`;
export const rlTeamWorkflowId = (team: RlTeamName): `rl-team/${string}` => `rl-team/${team}`;
/** Of what landed by an incident: one for each commit, whoever asks. */
export const revertWorkflowId = (incident: IncidentName): `revert/${string}` => `revert/${incident}`;
export const mergeQueueWorkflowId = (repository: RepositoryName): `merges/${string}` => `merges/${repository}`;
export const ticketWorkflowId = (ticket: TicketName): `ticket/${string}` => `ticket/${ticket}`;
export const ticketQueueWorkflowId = (repository: RepositoryName): `tickets/${string}` => `tickets/${repository}`;
export const childWorkflowId = (
  campaign: CampaignName,
  round: number,
  what: Purpose | 'construct' | 'training',
  part?: string,
) => `campaign/${campaign}/r${round}/${what}${part === undefined ? '' : `/${part}`}`;

/** The store's name of a log that a job of this installation wrote, by its content: of others nobody knows who wrote them. */
export const ownLogName = (log: Sha256): string => `logs/${log}`;
/** The store's names of what an incident keeps, or a ticket, whose name no incident has. */
export const incidentKey = (name: IncidentName, what: string): string =>
  `${isTicket(name) ? 'tickets' : 'incidents'}/${name}/${what}`;
export const isTicket = (name: string): boolean => name.startsWith('ticket-');
/** … of which ticket something is that a source has, by the source's key for it. */
export const ticketSourceName = (key: Sha256): string => `ticket-sources/${key}`;
/** The store's names of what a research keeps. */
export const researchKey = (research: ResearchName, what: string): string => `research/${research}/${what}`;
/** The store's name of what was told of a job by one specification, by its cause. */
export const sightingName = (job: JobName, specHash: Sha256, cause: string): string =>
  `sightings/${job}/${specHash.slice(0, 16)}/${cause}`;
/** The store's name of how skills were followed in a session of an incident. */
export const usedSkillsName = (incident: IncidentName, session: string): string => `skills/uses/${incident}/${session}`;
/** The store's name of what a change's review said, by the object that it was proposed as. */
export const reviewName = (proposal: Sha256): string => `reviews/${proposal}`;
/** The store's name of how a commit that may become the branch was tried. */
export const triedCommitName = (repository: RepositoryName, commit: string): string => `merges/${repository}/${commit}`;
/** … and of what it lands for, written before the branch moves. */
export const landingName = (repository: RepositoryName, commit: string): string =>
  `${triedCommitName(repository, commit)}/landing`;
