// A campaign, top-down: construct and lock, measure version 0, play the rounds (a run each), then two human decisions.
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow';
import type { CampaignActivities } from '../activities/interface.ts';
import { childWorkflowId, QUEUES } from '../contracts/names.ts';
import type { EvaluationResult, PolicyVersion } from '../contracts/policy-version.ts';
import type { CampaignInput, CampaignState } from '../contracts/record.ts';
import { durationMs } from '../contracts/units.ts';
import { checkBudget, estimateRound } from '../policies/budget.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import type { construction } from './construction.ts';
import { askOpenSealed, askRelease, releaseCandidate } from './questions.ts';
import { retire } from './retire.ts';
import { lastMeasured, playRound } from './round.ts';
import { type Campaign, Ended, takeUp } from './stages.ts';

const act = proxyActivities<CampaignActivities>({
  taskQueue: QUEUES.control,
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

export async function campaign({ spec, state }: CampaignInput): Promise<CampaignState> {
  const c = takeUp({ spec, state });
  try {
    const workflowId = childWorkflowId(spec.name, 0, 'construct');
    state.taskSet ??= await c.stage(
      'construct',
      () =>
        executeChild<typeof construction>('construction', {
          workflowId,
          args: [{ campaign: spec.name, spec: state.spec }],
        }),
      { activeWorkflow: workflowId },
    );
    state.baseline ??= await c.stage('baseline', () => c.evaluate('gate', 0, state.policies[0]!));

    if (state.round < spec.rounds && affordable(c)) {
      await playRound(c);
      await archiveAndSave(state);
      await condition(allHandlersFinished);
      await continueAsNew<typeof campaign>({ spec, state });
    }
    await decideRelease(c);
  } catch (failure) {
    if (isCancellation(failure)) state.ending = 'cancelled';
    else if (!(failure instanceof Ended)) throw failure;
  }
  return CancellationScope.nonCancellable(async () => {
    await c.desk.during('report', () => act.assembleReport({ state }));
    c.desk.ended();
    await act.saveState({ state });
    await condition(allHandlersFinished);
    return state;
  });
}

/** The two gates that always open: the sealed split, then the release with the sealed result as evidence. */
async function decideRelease(c: Campaign): Promise<void> {
  const { spec, state, desk } = c;
  const candidate = releaseCandidate(state);
  const measured = lastMeasured(c, candidate.number);
  if (state.sealed === undefined && !(await openSealed(c, candidate, measured))) return end(state, 'not-opened');

  const answer = await desk.during('release-gate', () =>
    c.ask('release', askRelease(spec, state, measured, state.sealed!)),
  );
  if (answer.result.how === 'expired' || answer.result.option !== 'release') return end(state, 'refused');
  const released = answer.result.decision;
  state.release = await c.stage('release', () =>
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
  );
  state.ending = 'released';
}

/** Asks, and on yes measures version 0 and the candidate on the sealed split. A resumed campaign does not ask twice. */
async function openSealed(c: Campaign, candidate: PolicyVersion, measured: EvaluationResult): Promise<boolean> {
  const { spec, state } = c;
  const { left } = await act.sealedOpeningsLeft({ spec: state.spec, taskSet: state.taskSet! });
  const opening = await c.desk.during('sealed-gate', () =>
    c.ask('open-sealed', askOpenSealed(spec, state, measured, left)),
  );
  await act.saveState({ state });
  if (opening.result.how === 'expired' || opening.result.option !== 'open') return false;
  const { decision } = opening.result;
  state.sealed = await c.stage('sealed', async () => {
    await act.openSealed({
      spec: state.spec,
      taskSet: state.taskSet!,
      decision,
      evidence: opening.evidence,
      runChain: state.runChain,
    });
    const before = await c.evaluate('sealed', state.round, state.policies[0]!);
    return { before, after: await c.evaluate('sealed', state.round, candidate, before) };
  });
  await act.saveState({ state });
  return true;
}

function affordable({ spec, state }: Campaign): boolean {
  const ruling = checkBudget({
    budget: { tokens: spec.budget.tokens, seconds: durationMs(spec.budget.wallClock) / 1000 },
    spent: { tokens: state.tokens, seconds: (Date.now() - Date.parse(state.startedAt)) / 1000 },
    nextRound: estimateRound(state.rounds),
  });
  if (ruling.action === 'stop') state.stoppedBy = ruling.why;
  return ruling.action === 'continue';
}

async function archiveAndSave(state: CampaignState): Promise<void> {
  const older = retire(state);
  if (older.length > 0) {
    state.archivedRounds = await act.archiveRounds({
      older,
      ...(state.archivedRounds ? { archive: state.archivedRounds } : {}),
    });
  }
  await act.saveState({ state });
}

function end(state: CampaignState, ending: 'not-opened' | 'refused'): void {
  state.ending = ending;
}
