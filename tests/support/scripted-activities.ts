// Scripted activities: they answer as told and touch nothing, so that a workflow's decisions can be tested by themselves.
import { sleep } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
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
} from '../../activities/interface.ts';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { type CampaignSpec, campaignSpec } from '../../contracts/campaign.ts';
import type { ErrorCode } from '../../contracts/errors.ts';
import type { Decision, Evidence, GateKind, GateResult } from '../../contracts/gate.ts';
import { campaignName, jobName, makePolicyName, sha256 } from '../../contracts/ids.ts';
import type { EvaluationResult, PolicyVersion, Verdict } from '../../contracts/policy-version.ts';
import type { CampaignState } from '../../contracts/record.ts';
import type { LostServer } from '../../contracts/weight-update.ts';
import { firstState as stateToStart } from '../../infra/temporal/first-state.ts';
import { runningOf } from '../../policies/pipeline/advance.ts';
import { type ScriptedPipeline, scriptedPipeline } from './scripted-pipeline.ts';
import { refOf } from './scripted-ref.ts';

export { refOf };

export function scriptedSpec(name: string, changes: Partial<CampaignSpec> = {}): CampaignSpec {
  return {
    ...campaignSpec.parse({
      apiVersion: 'anneal/v1',
      kind: 'Campaign',
      name,
      seed: 1,
      rounds: 2,
      policy: { base: 'smollm2-135m-instruct' },
      tasks: { source: 'python-stdlib', modules: ['math'], splits: { visible: 0.5, gate: 0.25, sealed: 0.25 } },
      harness: { prompt: '{instruction}' },
      rollouts: { groupsPerRound: 2, groupSize: 2, concurrency: 2 },
      training: { learningRate: 0.001 },
      gates: { deadline: '60s', remindAfter: '20s' },
      budget: { tokens: 100_000, wallClock: '1h' },
    }),
    ...changes,
  };
}

/** The real first state, of a specification that is stored nowhere. */
export function firstState(spec: CampaignSpec): CampaignState {
  const ref = refOf(spec);
  return stateToStart(spec, ref, ref.sha256);
}

type All = CampaignActivities &
  CertifiedActivities &
  ConstructionActivities &
  EvaluationActivities &
  GateActivities &
  TellingActivities &
  JudgingActivities &
  PipelineActivities &
  RolloutActivities &
  ServerActivities &
  TrackingActivities &
  TrainingActivities;

export interface Script {
  /** Gate pass rate by policy number; the sealed split has the same. */
  passRates: number[];
  /** Correctness among well-formed replies by policy number; default: the pass rate. */
  correctness?: number[];
  /** Thrown by assembleReport. */
  reportFailure?: ApplicationFailure;
  /** Thrown by runJob, one a call, until used up. */
  jobFailures?: ApplicationFailure[];
  /** Fails these rollout indexes for good, with `brokenWith` (default `gateway.bad_request`), `brokenTimes` times each. */
  brokenRollouts?: number[];
  brokenWith?: ErrorCode;
  brokenTimes?: number;
  /** Only of this plan. */
  brokenPlan?: ArtifactRef;
  /** Thrown by calibrateJudge, one a call, until used up. */
  judgeRefusals?: ApplicationFailure[];
  /** Gates that critical.yaml does not list. */
  unlisted?: GateKind[];
  /** Milliseconds that the verification of a decision takes. */
  verifyMs?: number;
  /** Of any gate. */
  tellings?: { id: string; afterMs: number }[];
  /** Milliseconds that a job takes. */
  jobMs?: number;
  /** Milliseconds that a rollout takes. */
  rolloutMs?: number;
  /** Rollouts of each round, of four, that raise an integrity alarm. */
  alarms?: number[];
  /** Servers that a move to this version gives up; without it the activity tells nothing, as it did once. */
  lost?: (version: number) => LostServer[];
  /** Trainer and servers take turns. */
  turns?: boolean;
  /** Where promotion is certified: the verdict of each look, `hold` when used up, and the capabilities that it leaves in doubt. */
  looks?: { verdict: Verdict; flagged?: string[] }[];
  /** Of a campaign whose rollouts overlap with training; made with the specification that the campaign is played with. */
  pipeline?: CampaignSpec;
  /** Milliseconds that a rollout of this group takes. */
  groupMs?: (plan: ArtifactRef) => number;
  /** What the scan of each round finds; nothing when used up. */
  overlaps?: string[][];
  /** Of incidents and of their merges, in place of those that there are. */
  incidents?: { readonly activities: object };
}

export interface Told {
  readonly calls: string[];
  readonly saved: CampaignState[];
  readonly answers: GateResult[];
  /** What gates showed. */
  readonly shown: Evidence[];
  /** Rollouts that failed, one entry a failure. */
  readonly broken: number[];
  /** What each look was given. */
  readonly judged: Parameters<CertifiedActivities['judgeCandidate']>[0][];
  /** Where rollouts overlap with training. */
  readonly pipeline: ScriptedPipeline | undefined;
  /** For each move of the servers, groups that ran then and are sampled by another version. */
  readonly movedAmid: number[];
}

export function scriptedActivities(script: Script): { activities: All; told: Told } {
  const pipeline =
    script.pipeline &&
    scriptedPipeline(script.pipeline, (plan, number) => {
      plans.set(plan.sha256, { number, split: 'visible', name: script.pipeline!.name });
    });
  const told: Told = { calls: [], saved: [], answers: [], shown: [], broken: [], judged: [], pipeline, movedAmid: [] };
  const failures = [...(script.jobFailures ?? [])];
  const overlaps = [...(script.overlaps ?? [])];
  const refusals = [...(script.judgeRefusals ?? [])];
  const note = (call: string): void => void told.calls.push(call);
  const estimate = (value: number) => ({
    value,
    low: Math.max(0, value - 0.1),
    high: Math.min(1, value + 0.1),
    n: 40,
    clusters: 20,
  });
  const measured = (number: number, split: EvaluationResult['split'], name: string): EvaluationResult => {
    const rate = estimate(script.passRates[number] ?? 0);
    return {
      policy: makePolicyName(campaignName.parse(name), number),
      split,
      passRate: rate,
      formatRate: rate,
      correctWhenFormatted: script.correctness === undefined ? rate : estimate(script.correctness[number] ?? 0),
      meanReward: rate,
      ...(number === 0 ? {} : { gain: estimate(rate.value - (script.passRates[0] ?? 0)) }),
      masked: 0,
      tokens: 100,
      perTask: refOf([]),
      root: sha256.parse('0'.repeat(64)),
    };
  };
  const plans = new Map<string, { number: number; split: EvaluationResult['split']; name: string }>();
  const planned = (
    policy: PolicyVersion,
    split: EvaluationResult['split'],
    round: number,
    rollouts: number,
    again?: boolean,
  ) => {
    const plan = refOf({ policy: policy.name, split, round, ...(again ? { again } : {}) });
    plans.set(plan.sha256, { number: policy.number, split, name: policy.campaign });
    return { plan, rollouts, groupSize: 2 };
  };

  const activities: All = {
    async calibrateJudge({ campaign }) {
      note('calibrateJudge');
      const refusal = refusals.shift();
      if (refusal !== undefined) throw refusal;
      return refOf({ judge: campaign });
    },
    async buildTaskSet() {
      note('buildTaskSet');
      return refOf('task set');
    },
    async planTraining({ round, policy }) {
      note(`planTraining r${round} v${policy.number}`);
      return planned(policy, 'visible', round, 4);
    },
    async planEvaluation({ round, policy, split, again }) {
      note(`planEvaluation ${split}${again ? ' again' : ''} v${policy.number}`);
      return planned(policy, split, round, 4, again);
    },
    async planPilot({ policy }) {
      return planned(policy, 'visible', 0, 4);
    },
    async passRates() {
      return refOf({});
    },
    advancePipeline: (move) => pipeline!.activities.advancePipeline(move),
    async generate({ plan, index }) {
      if (script.groupMs) await sleep(script.groupMs(plan));
      if (script.rolloutMs) await new Promise((done) => setTimeout(done, script.rolloutMs));
      const broken = told.broken.filter((other) => other === index).length;
      const isMeant = script.brokenPlan === undefined || script.brokenPlan.sha256 === plan.sha256;
      if (isMeant && script.brokenRollouts?.includes(index) && broken < (script.brokenTimes ?? Infinity)) {
        told.broken.push(index);
        throw ApplicationFailure.nonRetryable('scripted', script.brokenWith ?? 'gateway.bad_request');
      }
      return { tokens: 10 };
    },
    async grade({ plan, index }) {
      pipeline?.recorded(plan, index, true);
      return undefined;
    },
    // Nothing here says how long a rollout takes, so that none share an activity.
    play: () => Promise.reject(new Error('not scripted')),
    async mask({ plan, index, outcome, reason }) {
      pipeline?.recorded(plan, index, false);
      note(`mask ${index} ${outcome} ${reason}`);
    },
    async measure({ plan }) {
      const { number, split, name } = plans.get(plan.sha256)!;
      return measured(number, split, name);
    },
    async measureNoise() {
      note('measureNoise');
      return {
        noise: { floor: 0.05, steady: true, why: 'Scripted.' },
        size: 'A gain of 10.0 points can be certified.',
      };
    },
    async judgeCandidate(input) {
      const { verdict, flagged = [] } = script.looks?.[input.certified.looks] ?? { verdict: 'hold' as const };
      note(`judgeCandidate r${input.round} look ${input.certified.looks + 1}`);
      told.judged.push(input);
      const look = { look: input.certified.looks + 1, gain: 0.1, p: 0.01, alpha: 0.03, spent: 0.03, logE: 1.5 };
      const gap = { calm: input.certified.gap.calm + 1 };
      return {
        verdict,
        why: `Scripted ${verdict}.`,
        flagged,
        gap,
        look: { ...look, slices: [], evidence: refOf(look) },
      };
    },
    async scanGiven() {
      const findings = overlaps.shift() ?? [];
      return { findings, fingerprint: findings.length === 0 ? null : refOf(findings).sha256 };
    },
    async assembleBatch({ round, from, to }) {
      note(`assembleBatch r${round}`);
      const name = jobName.parse(`${from.campaign}-r${round}-train`);
      const document = {
        schema: 'anneal/job/v1' as const,
        name,
        kind: 'train' as const,
        specHash: sha256.parse('1'.repeat(64)),
        seed: 1,
        model: { base: from.base, lora: { rank: 8, alpha: 16, layers: 10 } },
        algorithm: {
          name: 'cispo' as const,
          clipHigh: 2,
          learningRate: 0.001,
          steps: 3,
          beta1: 0.9,
          beta2: 0.95,
          epsilon: 1e-15,
          weightDecay: 0,
          maxGradNorm: 1,
          maxStaleness: 2,
        },
        sampling: { temperature: 1 },
        policyVersion: { from: from.number, to },
        inputs: { batch: refOf('batch'), adapter: null, optimizer: null },
        checkpointEverySteps: 1,
        maxSeconds: 60,
      };
      const alarms = script.alarms?.[round - 1] ?? 0;
      const masked: Record<string, number> = alarms === 0 ? {} : { integrity_alarm: alarms };
      const ledger = { requested: 4, trained: 4 - alarms, masked, cancelled: 0 };
      return { document, account: refOf('account'), ledger };
    },
    async runJob({ document }) {
      note(`runJob ${document.name}`);
      if (script.jobMs) await sleep(script.jobMs);
      const failure = failures.shift();
      if (failure) throw failure;
    },
    async importJob({ document, campaign, parent }) {
      const number = document.policyVersion.to;
      const adapter = refOf(`adapter ${number}`);
      const policy = {
        campaign,
        number,
        name: makePolicyName(campaign, number),
        base: document.model.base,
        parent,
        adapter,
        adapterGguf: adapter,
        optimizer: adapter,
      };
      return { policy, result: refOf('result'), metrics: refOf('metrics') };
    },
    async keepLogs({ name }) {
      note(`keepLogs ${name}`);
      return [];
    },
    async cancelJob({ name }) {
      note(`cancelJob ${name}`);
    },
    async freezeEvidence({ evidence }) {
      note(`freezeEvidence ${evidence.gate} recommends ${evidence.recommended}`);
      told.shown.push(evidence);
      const answer = told.answers.find((other) => other.gate === evidence.gate) ?? null;
      return { object: refOf(evidence), answer, listed: !script.unlisted?.includes(evidence.kind) };
    },
    async verifyDecision({ decision }: { decision: Decision }) {
      if (script.verifyMs) await new Promise((done) => setTimeout(done, script.verifyMs));
      // Scripted: a signature that says so is valid.
      if (decision.signature !== 'scripted-valid')
        throw ApplicationFailure.nonRetryable('the signature is not valid', 'decision.altered');
      return { selfApproved: true };
    },
    async planTellings() {
      return script.tellings ?? [];
    },
    async tell({ id }) {
      note(`tell ${id}`);
      if (id.startsWith('failing'))
        throw ApplicationFailure.nonRetryable('nobody answers there', 'notification.failed');
      if (id.startsWith('slow')) await new Promise((done) => setTimeout(done, 3_000));
    },
    async tellEverybody({ news }) {
      note(`tellEverybody ${news}`);
    },
    async recordAnswer({ result }) {
      told.answers.push(result);
    },
    async openServers() {
      note('openServers');
    },
    async servePolicy({ policy }) {
      note(`servePolicy v${policy.number}`);
      const running = runningOf(pipeline?.record() ?? { groups: [] });
      told.movedAmid.push(running.filter((group) => group.policy !== policy.number).length);
      return script.lost === undefined ? undefined : { lost: script.lost(policy.number) };
    },
    async restServers() {
      note('restServers');
      return { resting: script.turns ?? false };
    },
    async closeServers() {
      note('closeServers');
    },
    track: async () => undefined,
    async saveState({ state }) {
      told.saved.push(structuredClone(state));
    },
    async archiveRounds({ older }) {
      note(`archiveRounds ${older.length}`);
      return refOf(older);
    },
    async sealedOpeningsLeft() {
      return { left: 1 };
    },
    async openSealed() {
      note('openSealed');
    },
    async publishRelease({ policy }) {
      note(`publishRelease ${policy.name}`);
      return refOf('release');
    },
    async assembleReport() {
      note('assembleReport');
      if (script.reportFailure) throw script.reportFailure;
      return {
        report: refOf('report'),
        conservation: { prompts: 0, trained: 0, masked: {}, cancelled: 0, balanced: true, problems: [], others: [] },
      };
    },
  };
  return { activities: { ...activities, ...script.incidents?.activities }, told };
}
