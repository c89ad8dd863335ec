// Measuring a policy version from its recorded trajectories.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AnnealError } from '../contracts/errors.ts';
import { sha256 } from '../contracts/ids.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import { TRAINABLE } from '../contracts/trajectory.ts';
import { estimateMean, estimatePairedDifference } from '../evals/statistics/estimate.ts';
import type { EvaluationActivities } from './interface.ts';
import { trajectoriesOf } from './plan-records.ts';
import type { Documents } from './read.ts';

/** Per-task results of one version: what a later version is paired with. */
export const perTask = z.array(
  z.strictObject({ task: z.string(), family: z.string(), passes: z.int(), formatted: z.int(), samples: z.int() }),
);

export function createEvaluationActivities(ports: {
  documents: Documents;
  gateway: ModelGateway;
}): EvaluationActivities {
  const { documents, gateway } = ports;
  return {
    async measure({ plan: planRef, confidence, baseline }) {
      const plan = await documents.plan(planRef);
      const byId = new Map((await trajectoriesOf(gateway, plan)).map((t) => [t.rollout, t]));
      const missing = plan.rollouts.filter((r) => !byId.has(r.id));
      if (missing.length > 0) {
        throw new AnnealError(
          'campaign.unbalanced',
          `${missing.length} of ${plan.rollouts.length} rollouts left no trajectory, first ${missing[0]!.id}`,
        );
      }
      const all = plan.rollouts.map((r) => byId.get(r.id)!);
      const judged = all.filter((t) => TRAINABLE.has(t.outcome) && t.reward !== undefined);
      const seed = createHash('sha256').update(planRef.sha256).digest().readUInt32BE(0);
      const mean = (value: (t: (typeof judged)[number]) => number, of = judged) =>
        estimateMean(
          of.map((t) => ({ value: value(t), cluster: t.family })),
          { confidence, seed },
        );

      const tasks = new Map<string, z.infer<typeof perTask>[number]>();
      for (const t of judged) {
        const row = tasks.get(t.task) ?? { task: t.task, family: t.family, passes: 0, formatted: 0, samples: 0 };
        row.passes += t.reward!.components.correctness;
        row.formatted += t.reward!.components.format;
        row.samples += 1;
        tasks.set(t.task, row);
      }
      const alarmed = all.filter((t) => t.alarms !== undefined).length;
      const rows = [...tasks.values()].sort((a, b) => (a.task < b.task ? -1 : 1));
      const before = baseline === undefined ? undefined : await documents.read(perTask, baseline.perTask);
      return {
        policy: plan.policy.name,
        split: plan.split,
        passRate: mean((t) => t.reward!.components.correctness),
        formatRate: mean((t) => t.reward!.components.format),
        correctWhenFormatted: mean(
          (t) => t.reward!.components.correctness,
          judged.filter((t) => t.reward!.components.format === 1),
        ),
        meanReward: mean((t) => t.reward!.total),
        ...(before === undefined
          ? {}
          : { gain: estimatePairedDifference(rates(rows), rates(before), { confidence, seed }) }),
        masked: all.length - judged.length,
        ...(alarmed === 0 ? {} : { alarms: alarmed }),
        tokens: all.reduce((sum, t) => sum + t.tokens.completion, 0),
        perTask: await documents.write(rows),
        root: sha256.parse(plan.tasks.sha256),
      };
    },

    async passRates({ plan: planRef }) {
      const plan = await documents.plan(planRef);
      const counts = new Map<string, { passes: number; samples: number }>();
      for (const t of await gateway.trajectories(
        `${plan.campaign}/r${plan.round}/${plan.purpose}.v${plan.policy.number}/`,
      )) {
        if (t.reward === undefined || !TRAINABLE.has(t.outcome)) continue;
        const count = counts.get(t.task) ?? { passes: 0, samples: 0 };
        counts.set(t.task, { passes: count.passes + t.reward.components.correctness, samples: count.samples + 1 });
      }
      const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
      // Counts, not rates: what lacks a verdict is not among them, and a set keeps how often each task was tried.
      return documents.write(
        Object.fromEntries(sorted.map(([task, { passes, samples }]) => [task, { solved: passes, tried: samples }])),
      );
    },
  };
}

const rates = (rows: z.infer<typeof perTask>) =>
  rows.map((row) => ({ task: row.task, cluster: row.family, value: row.samples === 0 ? 0 : row.passes / row.samples }));
