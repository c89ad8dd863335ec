// What every stage of a campaign needs: the state in hand, the desk that shows it, the human to ask, and what to do when a stage fails.
import { executeChild, isCancellation, patched, workflowInfo } from '@temporalio/workflow';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { childWorkflowId } from '../contracts/names.ts';
import type { EvaluationResult, PolicyVersion } from '../contracts/policy-version.ts';
import type { CampaignInput, Stage } from '../contracts/record.ts';
import { durationMs } from '../contracts/units.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { type Ask, openAsk } from './ask.ts';
import { type Desk, openDesk } from './desk.ts';
import type { evaluation } from './evaluation.ts';
import { openMending } from './mending.ts';
import { type Monitoring, openMonitoring } from './monitoring.ts';
import { askAfterFailure } from './questions.ts';
import { activitiesOn } from './queues.ts';
import { rootCause } from './root-cause.ts';
import { openTakingBack, type TakingBack } from './taking-back.ts';

/** `again`: the gate split once more, with other seeds. `visible`: the fixed part of the visible split. */
export type Measurement = 'gate' | 'sealed' | 'again' | 'visible';

/** A campaign in hand: what every stage needs. */
export interface Campaign extends CampaignInput {
  desk: Desk;
  ask: Ask;
  monitoring: Monitoring;
  /** What agents brought to the branch, should the next step regress by it. */
  back: TakingBack;
  /** Runs a stage; when it fails for good a human chooses between retry and abort. */
  stage<T>(name: Stage, work: () => Promise<T>, options?: { round?: number; activeWorkflow?: string }): Promise<T>;
  /** Shows what failed. */
  failed(failure: unknown): void;
  /** The same for work between stages, which is not timed. */
  insist<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Before a plan's rollouts: the servers move to the version, where they are the campaign's own. */
  serve(policy: PolicyVersion): Promise<void>;
  /** Runs a training, with the servers closed meanwhile where they and the trainer take turns. */
  whileTraining<T>(work: () => Promise<T>): Promise<T>;
  evaluate(
    what: Measurement,
    round: number,
    policy: PolicyVersion,
    baseline?: EvaluationResult,
  ): Promise<EvaluationResult>;
}

const { saveState } = activitiesOn('control', {
  startToCloseTimeout: '1m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

/** Long, like the start of a server: weights of hundreds of gigabytes are loaded. */
const serving = activitiesOn('jobs', {
  startToCloseTimeout: '24h',
  heartbeatTimeout: '30s',
  retry: RETRY_OPTIONS.patient,
});

/** Campaigns that began before servers were moved by the workflow go on as they were. */
const hasServers = ({ compute }: CampaignSpec): boolean => compute === 'kubernetes' && patched('serve-policy');

/** Thrown to leave a campaign that a human has ended; `state.ending` says how. */
export class Ended extends Error {}

export function takeUp({ spec, state }: CampaignInput): Campaign {
  // Decisions are bound to the first run of the chain; a resumed campaign keeps the chain that its open gates belong to.
  state.runChain ||= workflowInfo().firstExecutionRunId;
  const desk = openDesk(spec, state);
  const ask = openAsk(spec, state, desk);
  const back = openTakingBack(spec, state, desk);
  const mending = openMending(spec, state, desk, back);
  const { mend } = mending;
  const c: Campaign = {
    spec,
    state,
    desk,
    ask,
    monitoring: openMonitoring(spec, state, { desk, ask, mending }),
    back,
    failed(failure) {
      const { code, message } = rootCause(failure);
      desk.failed({ code, message });
    },
    stage: (name, work, options) => c.insist(name, () => desk.during(name, work, options)),
    async insist(name, work) {
      for (let retries = 0; ; retries += 1) {
        try {
          return await work();
        } catch (failure) {
          if (isCancellation(failure)) throw failure;
          const cause = rootCause(failure);
          c.failed(failure);
          const { again, incident } = await mend(name, cause);
          if (again) {
            desk.failed(undefined);
            continue;
          }
          const { result } = await ask('job-failed', askAfterFailure(name, cause, retries, incident));
          await saveState({ state });
          if (result.option !== 'retry') {
            state.ending = 'aborted';
            throw new Ended();
          }
          desk.failed(undefined);
        }
      }
    },
    async serve(policy) {
      if (!hasServers(spec)) return;
      const told = await serving.servePolicy({ policy });
      desk.moved(policy.name, told?.lost ?? []);
    },
    async whileTraining(work) {
      if (!hasServers(spec)) return work();
      const { resting } = await serving.restServers({ campaign: spec.name });
      const done = await work();
      if (resting) await serving.openServers({ campaign: spec.name });
      return done;
    },
    async evaluate(what, round, policy, baseline) {
      await c.serve(policy);
      const split = what === 'again' ? 'gate' : what;
      const workflowId = childWorkflowId(spec.name, round, what, `v${policy.number}`);
      desk.watch(workflowId);
      const { result, tokens } = await executeChild<typeof evaluation>('evaluation', {
        workflowId,
        staticSummary: `${policy.name} on the ${split} split${what === 'again' ? ', once more' : ''}`,
        args: [
          {
            workflowId,
            spec: state.spec,
            taskSet: state.taskSet!,
            round,
            split,
            ...(what === 'again' ? { again: true } : {}),
            policy,
            confidence: spec.evaluation.confidence,
            concurrency: spec.rollouts.concurrency,
            timeoutMs: durationMs(spec.rollouts.timeout),
            ...(baseline ? { baseline } : {}),
          },
        ],
      });
      state.tokens += tokens;
      return result;
    },
  };
  return c;
}
