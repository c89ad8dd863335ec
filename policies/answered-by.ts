// Which version of a campaign's policy gave an answer. A rollout that is bound to the version it began with has one; one that is answered by
// the newest has a version for each of its completions, and each trains as what it is.
import type { RolloutPlan } from '../contracts/plan.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { CompletionRecord } from '../contracts/trajectory.ts';
import { hasOtherWeights } from './advantage.ts';

type Answer = Pick<CompletionRecord, 'policy' | 'weights'>;

export interface VersionsOfPlan {
  readonly purpose: RolloutPlan['purpose'];
  /** Absent where nothing is known of it: then rollouts are bound to the version they began with. */
  readonly harness?: Pick<RolloutPlan['harness'], 'session'> | undefined;
}

/** Of a plan: whether its rollouts are answered by the newest version that is served. */
export const takesNewest = ({ harness, purpose }: VersionsOfPlan): boolean =>
  purpose === 'train' && harness?.session?.versions === 'latest';

/** `quickstart.v3` → 3 */
export const versionAnswering = ({ policy }: Pick<Answer, 'policy'>): number => Number(/\.v(\d+)$/.exec(policy)![1]);

/**
 * The version that an answer trains as.
 * @param from the one that is trained: what was sampled by a newer one, which was left behind since, is no newer to the trainer
 */
export const trainsAs = (answer: Pick<Answer, 'policy'>, { number }: Pick<PolicyVersion, 'number'>): number =>
  Math.min(versionAnswering(answer), number);

/** Whether an answer's weights are not known to be those that it should have come from: the sampler's, or where it takes the newest, the record's own. */
export function hasForeignWeights(
  plan: VersionsOfPlan,
  sampler: Pick<PolicyVersion, 'weights'>,
  answer: Answer,
): boolean {
  if (!takesNewest(plan)) return hasOtherWeights(sampler, answer);
  if (sampler.weights === undefined) return false;
  return Number(answer.weights?.split('-', 1)[0] ?? Number.NaN) !== versionAnswering(answer);
}
