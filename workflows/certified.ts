// Certified promotion in a campaign: what is measured before round 1, the best version measured again, each candidate judged by evidence.
// What a round's judgement changes is written down with the round's record, so that a round played again after an abort is the same look.
import type { CertifiedState } from '../contracts/certified.ts';
import type { EvaluationResult, PolicyVersion } from '../contracts/policy-version.ts';
import type { CampaignState } from '../contracts/record.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { askAfterOverlap } from './questions.ts';
import { activitiesOn } from './queues.ts';
import { type Campaign, Ended } from './stages.ts';

const act = activitiesOn('control', {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

export type Judged = Awaited<ReturnType<typeof act.judgeCandidate>>;

/** Version 0 once more on the gate split, for the noise floor, and on the fixed part of the visible one, for the gap. */
export async function measureZero(c: Campaign, baseline: EvaluationResult): Promise<CertifiedState> {
  const { spec, state } = c;
  const zero = state.policies[0]!;
  const again = await c.evaluate('again', 0, zero, baseline);
  const visible = spec.promotion.certified?.gap ? await c.evaluate('visible', 0, zero) : undefined;
  const measured = { spec: state.spec, taskSet: state.taskSet!, first: baseline, second: again };
  const { noise, size } = await act.measureNoise(measured);
  const begun = { looks: 0, flagged: [], gap: { calm: 0 } };
  return { again, noise, size, ...(visible === undefined ? {} : { visible }), ...begun };
}

/** What candidates are held against. */
export function pinnedBest({ best }: CertifiedState, baseline: EvaluationResult): EvaluationResult {
  return best?.result ?? baseline;
}

/** Once after each promotion, when it is first needed: pinned to the results that promoted it, later versions would be held to its luck. */
export async function measureBestAgain(c: Campaign, round: number): Promise<void> {
  const { state } = c;
  const { certified, best } = state;
  if (certified === undefined || best === 0 || certified.best?.version === best) return;
  const policy = state.policies.find((p) => p.number === best)!;
  const result = await c.stage('evaluate', () => c.evaluate('again', round, policy, state.baseline), { round });
  certified.best = { version: best, result };
}

export async function judge(
  c: Campaign,
  of: { round: number; policy: PolicyVersion; gate: EvaluationResult; best: EvaluationResult },
): Promise<Judged> {
  const { spec, taskSet, baseline, certified } = c.state;
  const { round, policy, gate, best } = of;
  const { noise, looks, flagged, gap, visible: start } = certified!;
  const visible = start && (await c.stage('evaluate', () => c.evaluate('visible', round, policy, start), { round }));
  const pinned = { spec, taskSet: taskSet!, best, baseline: baseline!, certified: { noise, looks, flagged, gap } };
  return c.insist('decide', () =>
    act.judgeCandidate({ ...pinned, round, candidate: gate, ...(visible === undefined ? {} : { visible }) }),
  );
}

/** A look is a decision, whatever a human made of it. */
export function countLook({ certified }: CampaignState, { look, flagged, gap }: Judged): void {
  Object.assign(certified!, { looks: look.look, flagged, gap });
}

/** A policy that is told the tasks it is judged by measures nothing: a human looks first. What was let pass is not asked about again. */
export async function pauseOnOverlap(c: Campaign, round: number): Promise<void> {
  const { state } = c;
  const { certified } = state;
  if (certified === undefined) return;
  const { findings, fingerprint } = await c.insist('rollout', () =>
    act.scanGiven({ spec: state.spec, taskSet: state.taskSet! }),
  );
  if (fingerprint === null || fingerprint === certified.accepted) return;
  const question = askAfterOverlap(round, findings);
  const { result } = await c.desk.during('decide', () => c.ask('integrity', question), { round });
  if (result.option !== 'resume') {
    state.ending = 'aborted';
    throw new Ended();
  }
  certified.accepted = fingerprint;
}
