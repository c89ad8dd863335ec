// A plan as a document: which rollouts, with which ids and seeds. The same request always gives the same plan.
import { createHash } from 'node:crypto';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { makeRolloutId, type Purpose } from '../contracts/ids.ts';
import type { LockedTask } from '../contracts/locked-set.ts';
import type { RolloutPlan } from '../contracts/plan.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { Split } from '../contracts/task.ts';
import { durationMs } from '../contracts/units.ts';

export interface PlanRequest {
  readonly round: number;
  readonly purpose: Purpose;
  readonly split: Split;
  readonly policy: PolicyVersion;
  readonly tasks: RolloutPlan['tasks'];
  /** A group for each of these. */
  readonly chosen: readonly LockedTask['id'][];
  /** Of the first group; 0 unless the plan is a part of a round's draw. */
  readonly firstGroup?: number;
  readonly samples: number;
  readonly notes?: readonly string[];
}

export function planOf(spec: CampaignSpec, request: PlanRequest): RolloutPlan {
  const { round, purpose, split, policy, tasks, chosen, firstGroup = 0, samples, notes = [] } = request;
  const rollouts = chosen.flatMap((task, index) =>
    Array.from({ length: samples }, (_, sample) => {
      const group = firstGroup + index;
      const id = makeRolloutId({ campaign: spec.name, round, purpose, policyVersion: policy.number, group, sample });
      return {
        id,
        group: id.slice(0, id.lastIndexOf('/')),
        task,
        seed: seedOf(spec.seed, drawsAnew(spec, purpose) ? id : `${purpose}/g${group}/s${sample}`),
      };
    }),
  );
  return {
    schema: 'anneal/plan/v1',
    campaign: spec.name,
    round,
    purpose,
    split,
    policy,
    tasks,
    harness: {
      ...spec.harness,
      temperature: purpose === 'train' || purpose === 'pilot' ? spec.harness.temperature : spec.evaluation.temperature,
    },
    reward: spec.reward,
    timeoutMs: durationMs(spec.rollouts.timeout),
    ...(notes.length === 0 ? {} : { notes: [...notes] }),
    rollouts,
  };
}

/**
 * Evaluation seeds leave round and policy out, so that versions are compared on the same draws. Not where promotion is certified: the
 * best version is measured again since its draws were lucky, and a candidate that resembles it would have that luck again.
 */
function drawsAnew({ promotion }: CampaignSpec, purpose: Purpose): boolean {
  const measures = purpose === 'gate' || purpose === 'again' || purpose === 'visible';
  return purpose === 'train' || (measures && promotion.certified !== undefined);
}

/** 31 bits, as engines take. */
function seedOf(seed: number, text: string): number {
  return createHash('sha256').update(`${seed}/${text}`).digest().readUInt32BE(0) >>> 1;
}
