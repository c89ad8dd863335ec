// The conservation check: every training rollout requested is accounted for exactly once, by sources that do not copy
// from each other: the workflow's plans, the trainers' results, and the data pool with the batches' accounts.
import type { Purpose, RolloutId } from '../contracts/ids.ts';
import type { Conservation } from '../contracts/record.ts';
import { type Outcome, TRAINABLE } from '../contracts/trajectory.ts';

export interface ConservationInput {
  /** Training rollouts requested, as the workflow planned them. */
  readonly plans: readonly { readonly round: number; readonly ids: readonly RolloutId[] }[];
  /** What each round's trainer says in result.json. */
  readonly jobs: readonly {
    readonly round: number;
    readonly trained: readonly RolloutId[];
    readonly dropped: readonly { readonly id: RolloutId; readonly reason: string }[];
  }[];
  /** Every trajectory in the data pool, of any purpose. */
  readonly trajectories: readonly {
    readonly rollout: RolloutId;
    readonly purpose: Purpose;
    readonly outcome: Outcome;
  }[];
  /** What batch assembly left out, and why. */
  readonly masks: readonly { readonly id: RolloutId; readonly reason: string }[];
  readonly cancelled: readonly RolloutId[];
  /** Evaluation and pilot rollouts requested; a purpose may stand several times, for example once a round. */
  readonly others: readonly { readonly purpose: Exclude<Purpose, 'train'>; readonly ids: readonly RolloutId[] }[];
}

/** Reasons that stand for a rollout with no trajectory at all. */
const WITHOUT_TRAJECTORY: ReadonlySet<string> = new Set(['no_trajectory']);
/** Outcomes that mask: the account must give the same word as the pool. */
const MASKING_OUTCOMES: ReadonlySet<string> = new Set(['infrastructure_failure', 'verifier_failure', 'unknown']);
const LISTED = 5;

/**
 * Compares the sets. `balanced` is true only when no problem of any kind was found, other ledgers included.
 * Ids trained in an aborted round's finished job count as trained: gradients were taken.
 */
export function checkConservation(input: ConservationInput): Conservation {
  const problems: string[] = [];
  const report = (what: string, ids: readonly string[]): void => {
    if (ids.length === 0) return;
    const shown = ids.slice(0, LISTED).join(', ');
    problems.push(`${ids.length} ${what}: ${shown}${ids.length > LISTED ? ', …' : ''}`);
  };

  const plannedList = input.plans.flatMap((plan) => plan.ids);
  const planned = new Set(plannedList);
  report('requested twice', duplicates(plannedList));

  const trainedList = input.jobs.flatMap((job) => job.trained);
  const trained = new Set(trainedList);
  report('trained twice', duplicates(trainedList));
  report(
    'trained but never requested',
    [...trained].filter((id) => !planned.has(id)),
  );
  const roundOfPlan = new Map(input.plans.flatMap((plan) => plan.ids.map((id) => [id, plan.round] as const)));
  report(
    'trained in another round than requested',
    input.jobs.flatMap((job) => job.trained.filter((id) => planned.has(id) && roundOfPlan.get(id) !== job.round)),
  );

  const maskList = [...input.masks, ...input.jobs.flatMap((job) => job.dropped)];
  const maskedIds = maskList.map((mask) => mask.id);
  const masked = new Map(maskList.map((mask) => [mask.id, mask.reason]));
  const cancelled = new Set(input.cancelled);
  report('masked twice', duplicates(maskedIds));
  report('cancelled twice', duplicates(input.cancelled));
  report(
    'masked but never requested',
    [...masked.keys()].filter((id) => !planned.has(id)),
  );
  report(
    'cancelled but never requested',
    [...cancelled].filter((id) => !planned.has(id)),
  );
  report(
    'both trained and masked',
    [...trained].filter((id) => masked.has(id)),
  );
  report(
    'both trained and cancelled',
    [...trained].filter((id) => cancelled.has(id)),
  );
  report(
    'both masked and cancelled',
    [...masked.keys()].filter((id) => cancelled.has(id)),
  );
  report(
    'requested but neither trained, masked nor cancelled',
    [...planned].filter((id) => !trained.has(id) && !masked.has(id) && !cancelled.has(id)),
  );

  const pool = input.trajectories.filter((trajectory) => trajectory.purpose === 'train');
  const outcomes = new Map(pool.map((trajectory) => [trajectory.rollout, trajectory.outcome]));
  report('in the pool twice', duplicates(input.trajectories.map((trajectory) => trajectory.rollout)));
  report(
    'in the pool but never requested',
    [...outcomes.keys()].filter((id) => !planned.has(id)),
  );
  report(
    'trained without a trajectory in the pool',
    [...trained].filter((id) => !outcomes.has(id)),
  );
  report(
    'trained although their outcome does not train',
    [...trained].filter((id) => !trains(outcomes.get(id))),
  );
  report(
    'masked without a trajectory in the pool',
    [...masked].filter(([id, reason]) => !outcomes.has(id) && !WITHOUT_TRAJECTORY.has(reason)).map(([id]) => id),
  );
  report(
    'masked for another reason than the pool records',
    [...masked].filter(([id, reason]) => contradicts(reason, outcomes.get(id))).map(([id]) => id),
  );
  report(
    'cancelled although they finished',
    [...cancelled].filter((id) => trains(outcomes.get(id)) && outcomes.has(id)),
  );

  // By purpose, also those that nobody requested: a stray trajectory must not hide behind a missing ledger.
  const requested = new Map<Purpose, RolloutId[]>();
  for (const { purpose } of input.trajectories) if (purpose !== 'train') requested.set(purpose, []);
  for (const { purpose } of input.others) requested.set(purpose, []);
  for (const { purpose, ids } of input.others) requested.get(purpose)?.push(...ids);
  const others = [...requested].map(([purpose, ids]) => compareOther(purpose, ids, input.trajectories, report));
  const counted: Record<string, number> = {};
  for (const reason of masked.values()) counted[reason] = (counted[reason] ?? 0) + 1;
  return {
    prompts: planned.size,
    trained: trained.size,
    masked: counted,
    cancelled: cancelled.size,
    balanced: problems.length === 0,
    problems,
    others,
  };
}

function compareOther(
  purpose: Purpose,
  ids: readonly RolloutId[],
  trajectories: ConservationInput['trajectories'],
  report: (what: string, ids: readonly string[]) => void,
): Conservation['others'][number] {
  const requested = new Set(ids);
  const recorded = new Set(trajectories.filter((one) => one.purpose === purpose).map((one) => one.rollout));
  const twice = duplicates(ids);
  const missing = [...requested].filter((id) => !recorded.has(id));
  const strange = [...recorded].filter((id) => !requested.has(id));
  report(`${purpose} rollouts requested twice`, twice);
  report(`${purpose} rollouts requested but not in the pool`, missing);
  report(`${purpose} rollouts in the pool but never requested`, strange);
  const balanced = twice.length + missing.length + strange.length === 0;
  return { purpose, requested: requested.size, recorded: recorded.size, balanced };
}

/** An absent outcome is reported elsewhere; here it contradicts nothing. */
function trains(outcome: Outcome | undefined): boolean {
  return outcome === undefined || TRAINABLE.has(outcome);
}

function contradicts(reason: string, outcome: Outcome | undefined): boolean {
  if (WITHOUT_TRAJECTORY.has(reason)) return outcome !== undefined;
  if (outcome === undefined) return false;
  if (MASKING_OUTCOMES.has(reason)) return outcome !== reason;
  // Every other reason (zero advantage, text only, dropped by the trainer …) presupposes an outcome that trains.
  return !TRAINABLE.has(outcome);
}

function duplicates<T extends string>(ids: readonly T[]): T[] {
  const seen = new Set<T>();
  const twice = new Set<T>();
  for (const id of ids) (seen.has(id) ? twice : seen).add(id);
  return [...twice];
}
