// One round: select tasks → roll out → reward → train → evaluate → decide.
import { executeChild } from '@temporalio/workflow';
import type { ArtifactRef } from '../contracts/artifact.ts';
import { childWorkflowId } from '../contracts/names.ts';
import type { PlanHandle } from '../contracts/plan.ts';
import type { EvaluationResult, PolicyVersion, Verdict } from '../contracts/policy-version.ts';
import type { LedgerCounts } from '../contracts/record.ts';
import { durationMs } from '../contracts/units.ts';
import { judgeAlarms } from '../policies/integrity.ts';
import { waitOf } from '../policies/job-wait.ts';
import { applyVerdict } from '../policies/lineage.ts';
import { decideVerdict } from '../policies/promotion.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { countLook, type Judged, judge, measureBestAgain, pauseOnOverlap, pinnedBest } from './certified.ts';
import { askAfterAlarms, askPromotion } from './questions.ts';
import { activitiesOn } from './queues.ts';
import { runPlan } from './run-plan.ts';
import { type Campaign, Ended } from './stages.ts';
import type { training } from './training.ts';

const act = activitiesOn('control', {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

/** Where a round's rollouts come from. */
export interface Feed {
  /** In the stage `rollout`: the plan of what the round trains on, all of it played; undefined when nothing is left to train on. */
  plan(c: Campaign, round: number, from: PolicyVersion): Promise<PlanHandle | undefined>;
  whileTraining<T>(c: Campaign, from: PolicyVersion, work: () => Promise<T>): Promise<T>;
  /** In the stage `evaluate`, before another version is served. */
  beforeEvaluation?(from: PolicyVersion): Promise<void>;
  /**
   * The round is done, and this is the version that the next one trains from. When its training and, where there was something to measure, its
   * measurement were at work: milliseconds.
   */
  done?(latest: PolicyVersion, round: number, training: [number, number], measuring?: [number, number]): Promise<void>;
}

/** Rollouts and training take turns: a round's rollouts begin when the round does, and all of them are trained on. */
export const IN_TURN: Feed = {
  async plan({ spec, state, desk }, round, from) {
    const planned = await act.planTraining({ spec: state.spec, taskSet: state.taskSet!, round, policy: from });
    const { tokens } = await runPlan(planned, {
      workflowId: childWorkflowId(spec.name, round, 'train'),
      concurrency: spec.rollouts.concurrency,
      timeoutMs: durationMs(spec.rollouts.timeout),
      onShard: desk.watch,
    });
    state.tokens += tokens;
    return planned;
  },
  whileTraining: (c, _, work) => c.whileTraining(work),
};

/** @returns false when there was nothing left to play it with */
export async function playRound(c: Campaign, feed: Feed = IN_TURN): Promise<boolean> {
  const { spec, state, desk } = c;
  const startedAt = Date.now();
  const tokensBefore = state.tokens;
  // `state.round` counts finished rounds, so that a campaign resumed in the middle plays this one again under the same ids.
  const round = state.round + 1;
  const from = state.policies.find((p) => p.number === state.latest)!;
  await pauseOnOverlap(c, round);
  await measureBestAgain(c, round);

  const rolled = await c.stage(
    'rollout',
    async () => {
      await c.serve(from);
      const planned = await feed.plan(c, round, from);
      if (planned === undefined) return undefined;
      const visible = await act.measure({ plan: planned.plan, confidence: spec.evaluation.confidence });
      return { plan: planned.plan, visible };
    },
    { round },
  );
  if (rolled === undefined) return false;
  const { plan, visible } = rolled;

  const workflowId = childWorkflowId(spec.name, round, 'training');
  const trainedFrom = Date.now();
  const { ledger, account, sampled, trained } = await c.stage(
    'train',
    () =>
      feed.whileTraining(c, from, () =>
        c.monitoring.during(round, () =>
          executeChild<typeof training>('training', {
            workflowId,
            staticSummary: `round ${round}: v${from.number} → v${round}`,
            args: [
              {
                campaign: spec.name,
                spec: state.spec,
                plan,
                round,
                from,
                to: round,
                timeoutMs: durationMs(spec.training.timeout),
                waitMs: waitOf(spec),
                ...(c.monitoring.order && { watch: c.monitoring.order }),
              },
            ],
          }),
        ),
      ),
    { round, activeWorkflow: workflowId },
  );
  const trainedUntil = Date.now();

  await pauseOnAlarms(c, round, ledger, account);

  const measuredFrom = Date.now();
  // Without a trained version there is nothing new to measure: the version it would have come from stands.
  const policy = trained?.policy ?? from;
  const gate = trained
    ? await c.stage('evaluate', () => evaluated(c, feed, { round, from, policy }), { round })
    : lastMeasured(c, from.number);
  const measuredUntil = Date.now();

  const { verdict, why, judged }: Settled = trained
    ? await settle(c, round, policy, gate)
    : { verdict: 'hold', why: `Nothing was trained: ${masks(ledger)}.` };
  if (trained && state.landed !== undefined)
    await c.back.after({ what: 'evaluation', regressed: verdict === 'revert', why });
  if (trained) state.policies.push(policy);
  Object.assign(state, applyVerdict({ latest: from.number, best: state.best }, policy.number, verdict));
  const partial = desk.partialMoves();
  state.rounds.push({
    round,
    from: from.number,
    to: policy.number,
    verdict,
    why,
    visible,
    gate,
    policy,
    ...(trained ? { training: { job: trained.job, result: trained.result, metrics: trained.metrics } } : {}),
    account,
    plan,
    ledger,
    ...(sampled === undefined ? {} : { sampled }),
    ...(partial.length === 0 ? {} : { givenUp: partial }),
    ...(judged === undefined ? {} : { look: judged.look }),
    tokens: state.tokens - tokensBefore,
    seconds: (Date.now() - startedAt) / 1000,
  });
  if (judged !== undefined) countLook(state, judged);
  state.round = round;
  const latest = state.policies.find((p) => p.number === state.latest)!;
  await feed.done?.(latest, round, [trainedFrom, trainedUntil], trained && [measuredFrom, measuredUntil]);
  return true;
}

async function evaluated(
  c: Campaign,
  feed: Feed,
  of: { round: number; from: PolicyVersion; policy: PolicyVersion },
): Promise<EvaluationResult> {
  await feed.beforeEvaluation?.(of.from);
  return c.evaluate('gate', of.round, of.policy, c.state.baseline);
}

/** Beyond the limit a human looks before anything is measured by, or released from, what was trained. */
async function pauseOnAlarms(c: Campaign, round: number, ledger: LedgerCounts, account: ArtifactRef): Promise<void> {
  const count = { alarms: ledger.masked.integrity_alarm ?? 0, rollouts: ledger.requested };
  const ruled = judgeAlarms(count, c.spec.integrity?.alarmLimit);
  if (ruled.action === 'go-on') return;
  const question = askAfterAlarms(round, ruled.why, ledger, account);
  const { result } = await c.desk.during('decide', () => c.ask('integrity', question), { round });
  if (result.option === 'resume') return;
  c.state.ending = 'aborted';
  throw new Ended();
}

interface Settled {
  verdict: Exclude<Verdict, 'ask'>;
  why: string;
  /** Where promotion is certified. */
  judged?: Judged | undefined;
}

/** The promotion rule decides; where it cannot, a human does. */
async function settle(c: Campaign, round: number, policy: PolicyVersion, gate: EvaluationResult): Promise<Settled> {
  const { spec, state } = c;
  const best =
    state.certified === undefined ? lastMeasured(c, state.best) : pinnedBest(state.certified, state.baseline!);
  const judged = state.certified && (await judge(c, { round, policy, gate, best }));
  const ruled = judged ?? decideVerdict(spec.promotion, { latest: gate, best, baseline: state.baseline! });
  if (ruled.verdict !== 'ask') return { verdict: ruled.verdict, why: ruled.why, judged };
  const question = askPromotion(round, ruled.why, {
    candidate: gate,
    best,
    look: judged?.look,
    noise: state.certified?.noise,
  });
  const { result } = await c.desk.during('decide', () => c.ask('promotion', question), { round });
  const verdict = result.option === 'promote' || result.option === 'revert' ? result.option : 'hold';
  const who = { decided: 'A human chose', expired: 'Nobody answered, so it is', automatic: 'Without asking, it is' }[
    result.how
  ];
  return { verdict, why: `${ruled.why} ${who} ${verdict}.`, judged };
}

/** For example `16 zero_advantage, 2 verifier_failure`. */
function masks({ masked }: LedgerCounts): string {
  const reasons = Object.entries(masked).sort(([a], [b]) => (a < b ? -1 : 1));
  return reasons.map(([reason, count]) => `${count} ${reason}`).join(', ') || 'no rollout was requested';
}

/** The newest gate evaluation of a version; version 0's is the baseline. */
export function lastMeasured({ state }: Campaign, version: number): EvaluationResult {
  return [...state.rounds].reverse().find((r) => r.to === version)?.gate ?? state.baseline!;
}
