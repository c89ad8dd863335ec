// A campaign, top-down: construct and lock, measure version 0, play the rounds (a run each), then two human decisions.
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  executeChild,
  isCancellation,
  makeContinueAsNewFunc,
  patched,
} from '@temporalio/workflow';
import { childWorkflowId } from '../contracts/names.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { CampaignInput, CampaignState } from '../contracts/record.ts';
import { durationMs } from '../contracts/units.ts';
import { checkBudget, estimateRound } from '../policies/budget.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { measureZero } from './certified.ts';
import { decideRelease } from './closing.ts';
import type { construction } from './construction.ts';
import { openPipeline, type Pipeline } from './pipeline.ts';
import { activitiesOn } from './queues.ts';
import { olderRounds, retire } from './retire.ts';
import { playRound } from './round.ts';
import { type Campaign, Ended, takeUp } from './stages.ts';

const act = activitiesOn('control', {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

/** What a tracker was not told now it is told the next time. */
const tell = activitiesOn('control', {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: { ...RETRY_OPTIONS.quick, maximumAttempts: 3 },
});

const serve = activitiesOn('jobs', {
  // A queue for GPUs may be long, an image of 30 GB too; how long a start may take is the profile's business.
  startToCloseTimeout: '24h',
  heartbeatTimeout: '30s',
  retry: RETRY_OPTIONS.patient,
});

const judging = activitiesOn('jobs', {
  startToCloseTimeout: '2h',
  heartbeatTimeout: '20s',
  retry: RETRY_OPTIONS.patient,
});

export async function campaign({ spec, state }: CampaignInput): Promise<CampaignState> {
  const c = takeUp({ spec, state });
  const pipeline = spec.pipeline && openPipeline(c);
  try {
    const workflowId = childWorkflowId(spec.name, 0, 'construct');
    // Before the set: its tasks are certified by the judge as well.
    if (spec.judge !== undefined)
      state.judge ??= await c.stage('calibrate', () =>
        judging.calibrateJudge({ campaign: spec.name, spec: state.spec }),
      );
    state.taskSet ??= await c.stage(
      'construct',
      () =>
        executeChild<typeof construction>('construction', {
          workflowId,
          args: [{ campaign: spec.name, spec: state.spec }],
        }),
      { activeWorkflow: workflowId },
    );
    if (spec.compute === 'kubernetes') await c.stage('servers', () => serve.openServers({ campaign: spec.name }));
    state.baseline ??= await c.stage('baseline', () => c.evaluate('gate', 0, state.policies[0]!));
    if (spec.promotion.certified !== undefined)
      state.certified ??= await c.stage('baseline', () => measureZero(c, state.baseline!));

    if (state.round < spec.rounds && affordable(c) && (await played(c, pipeline))) {
      await archiveAndSave(c);
      await track(c);
      await condition(allHandlersFinished);
      // Runs are pinned to the release of the worker that began them; the next round takes up the current one.
      await makeContinueAsNewFunc<typeof campaign>({ initialVersioningBehavior: 'AUTO_UPGRADE' })({ spec, state });
    }
    await pipeline?.close(latestOf(c));
    await decideRelease(c);
  } catch (failure) {
    if (isCancellation(failure)) state.ending = 'cancelled';
    else if (!(failure instanceof Ended)) throw failure;
  }
  return CancellationScope.nonCancellable(async () => {
    await pipeline?.leave();
    await c.desk
      .during('report', () => act.assembleReport({ state }))
      // What was decided stands, and can be reported later; a run that failed here would only hide it.
      .catch(c.failed);
    // Servers that nobody closes cost GPUs; what is left of them here, the worker's reaper ends later.
    if (spec.compute === 'kubernetes') await act.closeServers({ campaign: spec.name }).catch(c.failed);
    c.desk.ended();
    await act.saveState({ state });
    await track(c);
    await condition(allHandlersFinished);
    return state;
  });
}

async function played(c: Campaign, pipeline: Pipeline | undefined): Promise<boolean> {
  const isPlayed = await playRound(c, pipeline?.feed);
  if (!isPlayed) c.state.stoppedBy = 'No group of rollouts is left to train on: too many were given up.';
  return isPlayed;
}

const latestOf = ({ state }: Campaign): PolicyVersion => state.policies.find((p) => p.number === state.latest)!;

function affordable({ spec, state }: Campaign): boolean {
  const ruling = checkBudget({
    budget: { tokens: spec.budget.tokens, seconds: durationMs(spec.budget.wallClock) / 1000 },
    spent: { tokens: state.tokens, seconds: workedSeconds(state) },
    nextRound: estimateRound(state.rounds),
  });
  if (ruling.action === 'stop') state.stoppedBy = ruling.why;
  return ruling.action === 'continue';
}

/** Seconds at work: a campaign does not pay for the time that its humans take, nor for that between an end and a resume. */
function workedSeconds({ stages }: CampaignState): number {
  const waits: readonly string[] = ['decide', 'sealed-gate', 'release-gate'];
  return stages.reduce((sum, { stage, seconds }) => sum + (waits.includes(stage) ? 0 : seconds), 0);
}

async function archiveAndSave({ state, insist }: Campaign): Promise<void> {
  const older = olderRounds(state);
  if (older.length > 0) {
    state.archivedRounds = await insist('decide', () =>
      act.archiveRounds({ older, ...(state.archivedRounds ? { archive: state.archivedRounds } : {}) }),
    );
  }
  // Only now: a cancel while the archive was written would otherwise lose them.
  retire(state, older);
  await insist('decide', () => act.saveState({ state }));
}

/** No campaign waits for, or ends with, a tracker that does not answer. Those that began before there were any go on as they were. */
async function track({ state }: Campaign): Promise<void> {
  if (!patched('tracking')) return;
  await tell.track({ state }).catch((failure: unknown) => {
    if (isCancellation(failure)) throw failure;
  });
}
