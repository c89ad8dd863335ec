// The rollouts of a campaign that overlap with its training. What runs, what is trained on and what is given up is decided by an activity, from
// the durable record (activities/pipeline.ts); here that level is brought about: groups are started as children that outlive this run, cancelled
// when they are given up, and whoever waits for a round's groups is told.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  ChildWorkflowCancellationType,
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { PipelineActivities, RunningGroup } from '../activities/interface.ts';
import { CAMPAIGN, childWorkflowId } from '../contracts/names.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import { PRIORITIES } from '../contracts/queues.ts';
import { durationMs } from '../contracts/units.ts';
import { lanesOf } from '../policies/pipeline/scheduler-of.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { activitiesOn } from './queues.ts';
import type { GroupEnded, rolloutGroup } from './rollout-group.ts';
import type { Feed } from './round.ts';
import type { Campaign } from './stages.ts';

const act = activitiesOn('control', {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

export interface Pipeline {
  readonly feed: Feed;
  /** No more rounds: what is open is given up. */
  close(policy: PolicyVersion): Promise<void>;
  /** The campaign was cancelled or aborted: nothing runs on, and all of it stays open for who resumes it. */
  leave(): Promise<void>;
}

type Move = Parameters<PipelineActivities['advancePipeline']>[0];
type Level = Awaited<ReturnType<PipelineActivities['advancePipeline']>>;

export function openPipeline({ spec, state, desk, insist: insisting }: Campaign): Pipeline {
  // Who began a new chain, as a resumed campaign does, knows of no group that runs: all are started, and those that run refuse.
  const running = new Set(workflowInfo().continuedFromExecutionRunId === undefined ? [] : state.running);
  const broken: NonNullable<GroupEnded['failure']>[] = [];
  /** While a version is measured nobody moves; what ended meanwhile did so when it was heard. */
  let heard: { position: number; at: number }[] = [];
  let woken = false;
  /** Without a signal it is looked again then: for groups that hang, and for those whose workflow was terminated. */
  let lookAfter = 0;
  setHandler(
    defineSignal<[GroupEnded]>(CAMPAIGN.groupEnded),
    ({ position, tokens, failure }) => {
      woken = true;
      state.tokens += tokens;
      heard.push({ position, at: Date.now() / 1000 });
      forget(position);
      if (failure !== undefined) broken.push(failure);
    },
    { description: 'A group of rollouts has ended' },
  );

  function forget(position: number): void {
    running.delete(position);
    state.running = [...running];
  }

  const idOf = (position: number): string => {
    const { groupsPerRound } = spec.rollouts;
    const part = `g${position % groupsPerRound}`;
    return childWorkflowId(spec.name, Math.floor(position / groupsPerRound) + 1, 'train', part);
  };

  async function start({ position, plan, rollouts }: RunningGroup): Promise<void> {
    const { groupSize, timeout } = spec.rollouts;
    const shard = { plan, start: 0, end: rollouts, groupSize, concurrency: lanesOf(spec.rollouts) };
    try {
      await startChild<typeof rolloutGroup>('rolloutGroup', {
        workflowId: idOf(position),
        // Continue-as-new closes a run too.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        // They are cancelled by their ids, whichever run started them.
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        priority: { priorityKey: PRIORITIES.rollouts },
        args: [{ campaign: spec.name, position, shard: { ...shard, timeoutMs: durationMs(timeout) } }],
        staticSummary: `group ${position + 1} of the queue`,
      });
    } catch (failure) {
      if (!(failure instanceof WorkflowExecutionAlreadyStartedError)) throw failure;
    }
    running.add(position);
    state.running = [...running];
  }

  async function cancel(position: number): Promise<void> {
    forget(position);
    // One that has ended meanwhile cannot be, and need not.
    await getExternalWorkflowHandle(idOf(position))
      .cancel()
      .catch(() => undefined);
  }

  async function move(policy: PolicyVersion, how: Pick<Move, 'hold' | 'closing' | 'spans'> = {}): Promise<Level> {
    woken = false;
    const told = heard;
    heard = [];
    const level = await act
      .advancePipeline({
        ...{ spec: state.spec, taskSet: state.taskSet!, version: state.round, policy, ...how },
        ...(told.length === 0 ? {} : { heard: told }),
      })
      .catch((failure: unknown) => {
        heard = [...told, ...heard];
        throw failure;
      });
    desk.groups(level.counts);
    lookAfter = level.lookAfter;
    const wanted = new Set(level.run.map(({ position }) => position));
    // Those that have ended say so themselves, at once or never: the pool has all of them.
    const over = [...running].filter((position) => !wanted.has(position));
    await Promise.all(over.map((position) => (level.givenUp.includes(position) ? cancel(position) : forget(position))));
    // After a failure that blames the machine nothing is begun until a human has answered.
    if (broken.length === 0) await Promise.all(level.run.filter(({ position }) => !running.has(position)).map(start));
    return level;
  }

  const pause = (until: () => boolean = () => false): Promise<boolean> =>
    condition(() => woken || until(), Math.ceil(lookAfter * 1000));

  function insist(): void {
    const [failure] = broken.splice(0);
    if (failure !== undefined) throw ApplicationFailure.nonRetryable(failure.message, failure.code);
  }

  const feed: Feed = {
    async plan(_, __, policy) {
      for (;;) {
        insist();
        const { step, drained } = await move(policy);
        if (step !== undefined) return { plan: step.plan, rollouts: step.rollouts, groupSize: spec.rollouts.groupSize };
        if (drained) return undefined;
        if (broken.length === 0) await pause();
      }
    },
    async whileTraining(_, policy, work) {
      let over = false;
      // What fails here is met again by who waits for the next round's groups, and asked about there: the training goes on.
      const starting = (async () => {
        while (!over) {
          await move(policy);
          await pause(() => over);
        }
      })().catch(() => undefined);
      try {
        return await work();
      } finally {
        over = true;
        await starting;
      }
    },
    async beforeEvaluation(policy) {
      // Servers of adapters have several at once; those of a whole model have one, and what runs keeps the version that it began with.
      if (spec.policy.lora !== null) return;
      for (;;) {
        insist();
        const { run } = await move(policy, { hold: true });
        if (run.length === 0) return;
        if (broken.length === 0) await pause();
      }
    },
    async done(policy, round, training, measuring) {
      const seconds = (of: [number, number]): [number, number] => [of[0] / 1000, of[1] / 1000];
      const spans = { round, training: seconds(training), ...(measuring && { measuring: seconds(measuring) }) };
      // The next run starts what comes next, when its servers have moved.
      await insisting('decide', () => move(policy, { hold: true, spans }));
    },
  };

  return {
    feed,
    async close(policy) {
      await move(policy, { closing: true });
    },
    async leave() {
      await Promise.all([...running].map(cancel));
    },
  };
}
