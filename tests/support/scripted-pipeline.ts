// The scheduler's record in memory, for workflows with scripted activities: the real decisions, on groups that end as the test says.
import type { PipelineActivities } from '../../activities/interface.ts';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { PipelineGroup, PipelineRecord } from '../../contracts/pipeline.ts';
import {
  advance,
  countsOf,
  firstRecord,
  type GroupEnd,
  inTraining,
  runningOf,
} from '../../policies/pipeline/advance.ts';
import { replacementsOf, schedulerOf } from '../../policies/pipeline/scheduler-of.ts';
import { refOf } from './scripted-ref.ts';

export interface ScriptedPipeline {
  readonly activities: PipelineActivities;
  readonly record: () => PipelineRecord | undefined;
  /** All that ever started. */
  readonly groups: () => PipelineGroup[];
  /** A rollout of a plan has a trajectory. */
  recorded(plan: ArtifactRef, index: number, trainable: boolean): void;
  /** Of each round, what it trained on. */
  readonly steps: ReadonlyMap<number, readonly PipelineGroup[]>;
}

export function scriptedPipeline(
  spec: CampaignSpec,
  onStep: (plan: ArtifactRef, policy: number) => void,
): ScriptedPipeline {
  let record: PipelineRecord | undefined;
  const retiredGroups: PipelineGroup[] = [];
  const trajectories = new Map<string, Map<number, boolean>>();
  const steps = new Map<number, readonly PipelineGroup[]>();
  const size = spec.rollouts.groupSize;

  const ends = (of: PipelineRecord): Map<number, GroupEnd> =>
    new Map(
      runningOf(of).flatMap(({ position, plan }): [number, GroupEnd][] => {
        const known = trajectories.get(plan!.sha256);
        if ((known?.size ?? 0) < size) return [];
        return [[position, { trainable: [...known!.values()].some(Boolean), length: 10 }]];
      }),
    );

  return {
    record: () => record,
    groups: () => [...retiredGroups, ...(record?.groups ?? [])],
    steps,
    recorded(plan, index, trainable) {
      const known = trajectories.get(plan.sha256) ?? new Map<number, boolean>();
      if (!known.has(index)) known.set(index, trainable);
      trajectories.set(plan.sha256, known);
    },
    activities: {
      async advancePipeline({ version, policy, hold = false, closing = false, spans }) {
        const now = Date.now() / 1000;
        const scheduler = schedulerOf(spec.pipeline!, spec.rollouts);
        const replacements = replacementsOf(spec.pipeline!, spec.rollouts);
        record ??= firstRecord({ campaign: spec.name, scheduler, rounds: spec.rounds, version, now, replacements });
        const seen = { now, version, policy: policy.number, ended: ends(record), hold, closing };
        const moved = advance(record, spans === undefined ? seen : { ...seen, spans });
        retiredGroups.push(...moved.retired.groups);
        const groups = moved.record.groups.map((group) =>
          moved.begun.includes(group.position)
            ? { ...group, plan: refOf({ group: group.position, by: group.policy }), rollouts: size }
            : group,
        );
        const taken = inTraining({ groups });
        const round = version + 1;
        record = { ...moved.record, groups };
        if (moved.taken.length > 0) {
          const plan = refOf({ step: round, taken: moved.taken });
          record.step = { round, plan, rollouts: taken.length * size };
          steps.set(round, taken);
          onStep(plan, policy.number);
        }
        return {
          run: runningOf(record).map(({ position, plan, rollouts }) => ({
            position,
            plan: plan!,
            rollouts: rollouts!,
          })),
          givenUp: record.groups.flatMap(({ position, gaveUp }) => (gaveUp === undefined ? [] : [position])),
          ...(record.step === undefined ? {} : { step: record.step }),
          ...{ drained: moved.drained, lookAfter: moved.lookAfter, counts: countsOf(record) },
        };
      },
    },
  };
}
