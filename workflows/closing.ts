// What follows the last round: two gates, the sealed split and the release, and the effects that they grant.
import { CancellationScope } from '@temporalio/workflow';
import type { GateResult } from '../contracts/gate.ts';
import type { EvaluationResult, PolicyVersion } from '../contracts/policy-version.ts';
import type { CampaignState } from '../contracts/record.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { askOpenSealed, askRelease, releaseCandidate } from './questions.ts';
import { activitiesOn } from './queues.ts';
import { lastMeasured } from './round.ts';
import type { Campaign } from './stages.ts';

const act = activitiesOn('control', {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

/** The sealed split's gate always opens; the release's, with the sealed result as evidence, when there is a version to release. */
export async function decideRelease(c: Campaign): Promise<void> {
  const { spec, state, desk } = c;
  const candidate = releaseCandidate(state);
  const measured = lastMeasured(c, candidate.number);
  if (state.sealed === undefined && !(await openSealed(c, candidate, measured))) return end(state, 'not-opened');
  // Version 0 is what users have: no release could be offered.
  if (candidate.number === 0) return end(state, 'refused');

  const answer = await desk.during('release-gate', () =>
    c.ask('release', askRelease(spec, state, measured, state.sealed!)),
  );
  if (answer.result.how !== 'decided' || answer.result.option !== 'release') return end(state, 'refused');
  const released = answer.result.decision;
  state.release = await c.stage('release', () =>
    carriedThrough(() =>
      act.publishRelease({
        spec: state.spec,
        taskSet: state.taskSet!,
        policy: candidate,
        gate: measured,
        sealed: state.sealed!,
        decision: released,
        evidence: answer.evidence,
        runChain: state.runChain,
      }),
    ),
  );
  state.ending = 'released';
}

/** Asks, and on yes measures version 0 and the candidate on the sealed split. A resumed campaign goes by the answer it has. */
async function openSealed(c: Campaign, candidate: PolicyVersion, measured: EvaluationResult): Promise<boolean> {
  const { spec, state } = c;
  const opening =
    state.gates.find(grantsOpening) ??
    (await c.stage('sealed-gate', async () => {
      const { left } = await act.sealedOpeningsLeft({ spec: state.spec, taskSet: state.taskSet! });
      return c.ask('open-sealed', askOpenSealed(spec, state, measured, left));
    }));
  await c.insist('sealed-gate', () => act.saveState({ state }));
  if (!grantsOpening(opening)) return false;
  const { evidence } = opening;
  const { decision } = opening.result;
  state.sealed = await c.stage('sealed', async () => {
    await carriedThrough(() =>
      act.openSealed({ spec: state.spec, taskSet: state.taskSet!, decision, evidence, runChain: state.runChain }),
    );
    const before = await c.evaluate('sealed', state.round, state.policies[0]!);
    return { before, after: await c.evaluate('sealed', state.round, candidate, before) };
  });
  await c.insist('sealed', () => act.saveState({ state }));
  return true;
}

type Answered = { readonly result?: GateResult | undefined };
type Granted = { readonly result: Extract<GateResult, { how: 'decided' }> };

function grantsOpening<A extends Answered>(answered: A): answered is A & Granted {
  // No other gate has an option of this name.
  return answered.result?.how === 'decided' && answered.result.option === 'open';
}

/** An effect on the world is carried through once it has begun: half cancelled, the state would not say that it happened. */
const carriedThrough = <T>(effect: () => Promise<T>): Promise<T> => CancellationScope.nonCancellable(effect);

function end(state: CampaignState, ending: 'not-opened' | 'refused'): void {
  state.ending = ending;
}
