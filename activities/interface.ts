// What workflows may ask of the outside world. Workflows import these types only; the factories beside this file implement them.
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import type { CertifiedState, GapProgress, Look, NoiseFloor } from '../contracts/certified.ts';
import type { Decision, DecisionContext, Evidence, GateKind, GateResult, TakenIn } from '../contracts/gate.ts';
import type { CampaignName, GateId, PolicyName, Sha256 } from '../contracts/ids.ts';
import type { JobDocument } from '../contracts/job.ts';
import type { WatchOrder } from '../contracts/monitor.ts';
import type { PipelineCounts, RoundSpans } from '../contracts/pipeline.ts';
import type { PlanHandle } from '../contracts/plan.ts';
import type { EvaluationResult, PolicyVersion, Verdict } from '../contracts/policy-version.ts';
import type { CampaignState, Conservation, LedgerCounts, RoundRecord, SampledMix } from '../contracts/record.ts';
import type { Split } from '../contracts/task.ts';
import type { LostServer } from '../contracts/weight-update.ts';

export interface ConstructionActivities {
  /** Builds, certifies, splits and locks the task set; finds the lock if the campaign already made it. */
  buildTaskSet(input: { campaign: CampaignName; spec: ArtifactRef }): Promise<ArtifactRef>;
}

export interface JudgingActivities {
  /**
   * Asks the campaign's judge about artifacts of known worth and about null answers; finds what was measured if it was before. It is
   * refused by `judge.refused`, with what was measured.
   */
  calibrateJudge(input: { campaign: CampaignName; spec: ArtifactRef }): Promise<ArtifactRef>;
}

export interface RolloutActivities {
  planTraining(input: {
    spec: ArtifactRef;
    taskSet: ArtifactRef;
    round: number;
    policy: PolicyVersion;
  }): Promise<PlanHandle>;
  /**
   * Every task of a split, `samplesPerTask` times; of the visible one a fixed part. The sealed split needs a recorded opening.
   * `again`: with other seeds than the measurement of the same round and version.
   */
  planEvaluation(input: {
    spec: ArtifactRef;
    taskSet: ArtifactRef;
    round: number;
    split: Split;
    again?: boolean;
    policy: PolicyVersion;
  }): Promise<PlanHandle>;
  /** Every visible task, `samples` times, by the base model. */
  planPilot(input: {
    spec: ArtifactRef;
    taskSet: ArtifactRef;
    policy: PolicyVersion;
    samples: number;
  }): Promise<PlanHandle>;
  /** Asks the policy for one completion; the same rollout asked twice gets the same completion. */
  generate(input: { plan: ArtifactRef; index: number }): Promise<{ tokens: number; milliseconds?: number }>;
  /** Judges the recorded completion and records the trajectory; one that is on record stands, and nothing is judged again. */
  grade(input: { plan: ArtifactRef; index: number }): Promise<{ milliseconds: number } | undefined>;
  /**
   * Generates and grades these, one after the other. The first of them that fails ends it, as does a long time: `played` are done, in the
   * order given, and nothing is said about the others.
   */
  play(input: {
    plan: ArtifactRef;
    indices: readonly number[];
  }): Promise<{ played: number; tokens: number; milliseconds: number }>;
  /**
   * Records a rollout that gives no sample, with its reason; `masked: false` where a trajectory was on record and stands. Activities that
   * ended before there was this told nothing.
   */
  mask(input: {
    plan: ArtifactRef;
    index: number;
    outcome: 'infrastructure_failure' | 'verifier_failure';
    reason: string;
  }): Promise<{ masked: boolean } | undefined>;
}

export interface TrainingActivities {
  /** Advantages by group; which samples train and why others do not. `document` is null when no sample carries signal. */
  assembleBatch(input: {
    spec: ArtifactRef;
    plan: ArtifactRef;
    round: number;
    from: PolicyVersion;
    to: number;
  }): Promise<{ document: JobDocument | null; account: ArtifactRef; ledger: LedgerCounts; sampled?: SampledMix }>;
  /** Creates or adopts the job and waits for its end; meanwhile it tells a workflow of what goes wrong in it, where it is asked to. */
  runJob(input: { document: JobDocument; watch?: WatchOrder }): Promise<void>;
  /** Brings the finished job's outputs into the store. */
  importJob(input: {
    document: JobDocument;
    campaign: CampaignName;
    parent: number;
  }): Promise<{ policy: PolicyVersion; result: ArtifactRef; metrics: ArtifactRef }>;
  cancelJob(input: { name: JobDocument['name'] }): Promise<void>;
  /** Brings what a job wrote of itself into the store; what it did not write is not there. */
  keepLogs(input: { name: JobDocument['name'] }): Promise<{ name: string; object: ArtifactRef }[]>;
}

/** One running group of a campaign whose rollouts overlap with training: its position in the queue, and its plan. */
export interface RunningGroup {
  readonly position: number;
  readonly plan: ArtifactRef;
  readonly rollouts: number;
}

export interface PipelineActivities {
  /**
   * Looks at the pool, lets the scheduler decide, makes that durable. What it tells is a level: all groups that are to run now, and what the
   * next round trains on, whoever asks and how often.
   */
  advancePipeline(input: {
    spec: ArtifactRef;
    taskSet: ArtifactRef;
    /** Rounds that are done. */
    version: number;
    /** What rollouts begin with, and the next round trains from. */
    policy: PolicyVersion;
    /** Nothing is started or taken. */
    hold?: boolean;
    /** What is open is given up: the campaign has no more rounds. */
    closing?: boolean;
    spans?: RoundSpans;
    /** Groups that were heard to have ended since the last move, and when: seconds since the epoch. */
    heard?: { position: number; at: number }[];
  }): Promise<{
    run: RunningGroup[];
    /** Given up lately: what still runs of them is to be cancelled. */
    givenUp: number[];
    step?: { round: number; plan: ArtifactRef; rollouts: number };
    /** Nothing is open and nothing will come. */
    drained: boolean;
    /** Seconds. */
    lookAfter: number;
    counts: PipelineCounts;
  }>;
}

export interface EvaluationActivities {
  measure(input: {
    plan: ArtifactRef;
    confidence: number;
    /** Version 0 on the same split, for the paired difference. */
    baseline?: EvaluationResult;
  }): Promise<EvaluationResult>;
  /** How often each task of a plan was solved: an object by task id. */
  passRates(input: { plan: ArtifactRef }): Promise<ArtifactRef>;
}

export interface GivenText {
  readonly kind: 'skill' | 'memory' | 'prompt' | 'patch';
  readonly name: string;
  readonly text: ArtifactRef;
}

export interface CertifiedActivities {
  /** How far two evaluations of version 0 lie apart, and what gains a set like this can certify. */
  measureNoise(input: {
    spec: ArtifactRef;
    taskSet: ArtifactRef;
    first: EvaluationResult;
    second: EvaluationResult;
  }): Promise<{ noise: NoiseFloor; size: string }>;
  /** One look at a round's candidate; the same input always gives the same verdict. */
  judgeCandidate(input: {
    spec: ArtifactRef;
    taskSet: ArtifactRef;
    round: number;
    candidate: EvaluationResult;
    /** Of the best version, measured again after its promotion. */
    best: EvaluationResult;
    baseline: EvaluationResult;
    /** As it was before this look. */
    certified: Pick<CertifiedState, 'noise' | 'looks' | 'flagged' | 'gap'>;
    /** The candidate on the fixed part of the visible split, paired with version 0. */
    visible?: EvaluationResult;
  }): Promise<{ verdict: Verdict; why: string; flagged: string[]; gap: GapProgress; look: Look }>;
  /**
   * Whether what the policy is given knows tasks of the gate or the sealed split: a sentence for each finding, never the words, and of
   * the sealed split no task's name. `fingerprint`: equal for equal findings; null without any.
   */
  scanGiven(input: {
    spec: ArtifactRef;
    taskSet: ArtifactRef;
    /** Beside the campaign's prompts: skills, memory, patches, as texts of the store. */
    more?: readonly GivenText[];
  }): Promise<{ findings: string[]; fingerprint: Sha256 | null }>;
}

export interface ServerActivities {
  /** Resolves when the campaign's policy servers are ready; its heartbeats say what is waited for. */
  openServers(input: { campaign: CampaignName }): Promise<void>;
  /**
   * Resolves when every server that is not given up serves this version, and nothing else where it can serve only one. Called again
   * after a kill, it goes on with what had begun. Tells who was given up; activities that ended before there was this told nothing.
   */
  servePolicy(input: { policy: PolicyVersion }): Promise<{ lost: LostServer[] } | undefined>;
  /** Before a training, where trainer and servers take turns on the same GPUs: `resting` says that the servers must be opened again. */
  restServers(input: { campaign: CampaignName }): Promise<{ resting: boolean }>;
  /** Ends them, and jobs of the campaign that still run. */
  closeServers(input: { campaign: CampaignName }): Promise<void>;
}

export interface GateActivities {
  /**
   * Freezes the evidence. If the gate was answered before (the campaign died meanwhile), gives that answer. `listed`: whether
   * critical.yaml demands a human for this kind of gate; `quorum`: how many people it needs, as far as is known when it opens.
   */
  freezeEvidence(input: {
    evidence: Evidence;
  }): Promise<{ object: ArtifactRef; answer: GateResult | null; listed: boolean; quorum?: number }>;
  /** Throws unless the decision is valid for this gate; records every refusal. */
  verifyDecision(input: {
    decision: Decision;
    context: DecisionContext;
    /** When the gate took it in. */
    acceptedAt: string;
    /** Those that it would be counted with. */
    before?: TakenIn[];
    /** What it was answered on, and what is taken on silence; gates that began before there was this told nothing. */
    shown?: { evidence: ArtifactRef; safe: string };
  }): Promise<{
    selfApproved: boolean;
    /** How many people the gate needs for anything but its safe option; activities that ended before there was this told nothing: one. */
    needed?: number;
    /** Ids of those before that are none any more: whoever signed them was revoked since. */
    lapsed?: string[];
  }>;
  /** Makes a gate's result durable, once. */
  recordAnswer(input: { result: GateResult }): Promise<void>;
}

/** A gate that waits, as whoever is told of it is reckoned from. */
export interface OpenGate {
  evidence: ArtifactRef;
  openedAt: string;
  deadlineMs: number;
}

export interface TellingActivities {
  /** Who is to be told, by ids, in the order in which they are due; empty without an on-call file. */
  planTellings(gate: OpenGate): Promise<{ id: string; afterMs: number }[]>;
  /** Tells one of them, once; of one that the file no longer knows, nobody. */
  tell(input: OpenGate & { id: string }): Promise<void>;
  /** Tells everybody of the escalation what has happened, at once and each by every way, once. */
  tellEverybody(input: OpenGate & { news: string }): Promise<void>;
}

export interface CampaignActivities {
  /** Saves the state that `resume` starts from. */
  saveState(input: { state: CampaignState }): Promise<void>;
  archiveRounds(input: { older: RoundRecord[]; archive?: ArtifactRef }): Promise<ArtifactRef>;
  /** Openings that the budget still allows; every campaign on the same task set counts. */
  sealedOpeningsLeft(input: { spec: ArtifactRef; taskSet: ArtifactRef }): Promise<{ left: number }>;
  /** Verifies the decision again and records the opening within the budget. */
  openSealed(input: {
    spec: ArtifactRef;
    taskSet: ArtifactRef;
    decision: Decision;
    evidence: ArtifactRef;
    runChain: string;
  }): Promise<void>;
  /** Verifies the decision again, signs the manifest, moves `released` by compare-and-swap. */
  publishRelease(input: {
    spec: ArtifactRef;
    taskSet: ArtifactRef;
    policy: PolicyVersion;
    gate: EvaluationResult;
    sealed: { before: EvaluationResult; after: EvaluationResult };
    decision: Decision;
    evidence: ArtifactRef;
    runChain: string;
  }): Promise<ArtifactRef>;
  /** Gathers everything the report shows and checks conservation from the three sources. */
  assembleReport(input: { state: CampaignState }): Promise<{ report: ArtifactRef; conservation: Conservation }>;
}

export interface TrackingActivities {
  /**
   * Tells the configured trackers what they lack of the campaign. Its failures are on record (`campaigns/<campaign>/tracking/`)
   * and must stop nothing: the next telling tells everything that is missing.
   */
  track(input: { state: CampaignState }): Promise<void>;
}

export type { ForgeOutcome, Judged, PinnedRepository, QueuedMerge } from './incident-interface.ts';
export type { ReadPart, ResearchPart } from './research-interface.ts';
export type { Planning, PlanningResearch, ProposedPlan, RlTeamActivities } from './rl-team-interface.ts';
export type { Begun, Developed } from './ticket-interface.ts';
export type { ArtifactRef, CampaignSpec, GateId, GateKind, PolicyName };
