// The conservation check: every training rollout requested is trained, masked or cancelled, exactly once, by sources that do
// not copy from each other: the workflow's plans, the trainers' results and the data pool. The batches' accounts, which
// decided what was sent to a trainer, must say the same as the pool does.
import type { Purpose, RolloutId } from '../contracts/ids.ts';
import type { Conservation } from '../contracts/record.ts';
import type { LedgerLine } from './pool-ledger.ts';

export interface ConservationInput {
  /** Training rollouts requested, as the workflow planned them. `left`: a human ended the campaign before the verdict. */
  readonly plans: readonly {
    readonly round: number;
    readonly ids: readonly RolloutId[];
    readonly left: boolean;
    /** Of `ids`, those that no batch took although they were started: why, or `cancelled`. */
    readonly unused?: ReadonlyMap<RolloutId, string>;
  }[];
  /** What each round's trainer says in result.json. */
  readonly jobs: readonly {
    readonly round: number;
    readonly trained: readonly RolloutId[];
    readonly dropped: readonly { readonly id: RolloutId; readonly reason: string }[];
  }[];
  /** What the data pool makes of the requested training rollouts, and the ids that it holds twice. */
  readonly pool: { readonly lines: readonly LedgerLine[]; readonly duplicates: readonly string[] };
  /** Every trajectory in the data pool, of any purpose. */
  readonly trajectories: readonly { readonly rollout: RolloutId; readonly purpose: Purpose }[];
  /** Why batch assembly sent each rollout to the trainer or did not; absent for rounds that were left. */
  readonly accounts: readonly {
    readonly id: RolloutId;
    readonly state: 'train' | 'masked' | 'cancelled';
    readonly reason?: string | undefined;
  }[];
  /** Evaluation and pilot rollouts requested; a purpose may stand several times, for example once a round. */
  readonly others: readonly {
    readonly purpose: Exclude<Purpose, 'train'>;
    readonly ids: readonly RolloutId[];
    readonly left: boolean;
  }[];
}

const LISTED = 5;
/** The records went with a gateway's volume, after the batch was made or before. */
const LOST = 'records_lost';
type Report = (what: string, ids: Iterable<string>) => void;
type Rounds = NonNullable<Conservation['rounds']>;

/**
 * Compares the sets. `balanced` is true only when no problem of any kind was found, other ledgers included.
 *
 * A round that was left while its job had finished counts by that job's result, since gradients were taken. One without a
 * finished job is cancelled as a whole: what it had finished stays in the pool for a resumed campaign, and is no contradiction.
 */
export function checkConservation(input: ConservationInput): Conservation {
  const problems: string[] = [];
  const report: Report = (what, some) => {
    const ids = [...some];
    if (ids.length === 0) return;
    const shown = ids.slice(0, LISTED).join(', ');
    problems.push(`${ids.length} ${what}: ${shown}${ids.length > LISTED ? ', …' : ''}`);
  };

  const plannedList = input.plans.flatMap((plan) => plan.ids);
  const planned = new Set<string>(plannedList);
  report('requested twice', duplicates(plannedList));
  compareJobs(input, planned, report);
  const rounds = bookRounds(input, report);
  compareAccounts(input, planned, report);

  const repeated = duplicates(input.trajectories.map((one) => one.rollout));
  report('in the pool twice', new Set<string>([...input.pool.duplicates, ...repeated]));
  report(
    'in the pool but never requested',
    input.trajectories.flatMap((one) => (one.purpose === 'train' && !planned.has(one.rollout) ? [one.rollout] : [])),
  );

  // By purpose, also those that nobody requested: a stray trajectory must not hide behind a missing ledger.
  const purposes = [...input.trajectories, ...input.others].map((one) => one.purpose);
  const others = [...new Set(purposes)].flatMap((purpose) =>
    purpose === 'train' ? [] : [compareOther(purpose, input, report)],
  );
  const total = (of: 'trained' | 'cancelled'): number => rounds.reduce((sum, row) => sum + row[of], 0);
  const masked: Record<string, number> = {};
  for (const row of rounds)
    for (const [reason, count] of Object.entries(row.masked)) masked[reason] = (masked[reason] ?? 0) + count;
  return {
    prompts: planned.size,
    trained: total('trained'),
    masked,
    cancelled: total('cancelled'),
    balanced: problems.length === 0,
    problems,
    rounds,
    others,
  };
}

/** What the trainers say, in itself and against what was requested. */
function compareJobs({ jobs, plans }: ConservationInput, planned: ReadonlySet<string>, report: Report): void {
  const trained = jobs.flatMap((job) => job.trained);
  const dropped = jobs.flatMap((job) => job.dropped.map((one) => one.id));
  const roundOf = new Map(plans.flatMap((plan) => plan.ids.map((id) => [id, plan.round] as const)));
  const elsewhere = jobs.flatMap((job) => job.trained.filter((id) => planned.has(id) && roundOf.get(id) !== job.round));
  report('trained twice', duplicates(trained));
  report('dropped twice', duplicates(dropped));
  report('both trained and dropped', duplicates([...new Set(trained), ...new Set(dropped)]));
  report('trained but never requested', new Set(trained.filter((id) => !planned.has(id))));
  report('dropped but never requested', new Set(dropped.filter((id) => !planned.has(id))));
  report('trained in another round than requested', elsewhere);
}

/** Puts every requested id into one of the sets, round by round. */
function bookRounds({ plans, jobs, pool }: ConservationInput, report: Report): Rounds {
  const lines = new Map(pool.lines.map((line) => [line.rollout, line]));
  const found = {
    ...{ unrecorded: new Set<string>(), against: new Set<string>(), neither: new Set<string>() },
    unused: new Set<string>(),
  };
  const rounds = plans.map(({ round, ids, left, unused }) => {
    const job = jobs.find((one) => one.round === round);
    const trained = new Set(job?.trained);
    const dropped = new Map(job?.dropped.map((one) => [one.id, one.reason]));
    const row = { round, requested: new Set(ids).size, trained: 0, masked: {} as Record<string, number>, cancelled: 0 };
    for (const id of new Set(ids)) {
      const line = lines.get(id);
      const state = line?.state ?? 'absent';
      const sent = trained.has(id) || dropped.has(id);
      const why = unused?.get(id);
      if (why !== undefined) {
        if (sent) found.unused.add(id);
        else if (why === 'cancelled') row.cancelled += 1;
        else row.masked[why] = (row.masked[why] ?? 0) + 1;
        if (!sent) continue;
      }
      // What was lost since is told by its reason, and contradicts nobody.
      const there = sent && line?.reason !== LOST;
      if (there && (state === 'absent' || state === 'ungraded')) found.unrecorded.add(id);
      if (there && (state === 'masked' || state === 'cancelled')) found.against.add(id);
      const reason = dropped.get(id) ?? maskedBy(line);
      if (trained.has(id)) row.trained += 1;
      else if ((left && job === undefined) || (state === 'cancelled' && !sent)) row.cancelled += 1;
      else if (reason !== undefined) row.masked[reason] = (row.masked[reason] ?? 0) + 1;
      else found.neither.add(id);
    }
    return row;
  });
  report('sent to the trainer without a trajectory in the pool', found.unrecorded);
  report('sent to the trainer although the pool lets them not train', found.against);
  report('sent to the trainer although it was given up', found.unused);
  report('requested but neither trained, masked nor cancelled', found.neither);
  return rounds.sort((a, b) => a.round - b.round);
}

/** The pool's reason not to train a rollout; undefined when it trains. */
function maskedBy(line: LedgerLine | undefined): string | undefined {
  if (line?.reason === LOST) return LOST;
  if (line === undefined || line.state === 'absent' || line.state === 'ungraded') return 'no_trajectory';
  return line.state === 'masked' ? line.reason : undefined;
}

/** A finished round's account names each of its rollouts once, in the state that the pool's records give. */
function compareAccounts(
  { plans, pool, accounts }: ConservationInput,
  planned: ReadonlySet<string>,
  report: Report,
): void {
  const lines = new Map(pool.lines.map((line) => [line.rollout, line]));
  const accounted = new Set(accounts.map((one) => one.id));
  report('accounted for twice', duplicates(accounts.map((one) => one.id)));
  report(
    'accounted for but never requested',
    [...accounted].filter((id) => !planned.has(id)),
  );
  report(
    'missing in the account of their batch',
    plans.flatMap((plan) => (plan.left ? [] : plan.ids.filter((id) => !accounted.has(id) && !plan.unused?.has(id)))),
  );
  const differing = accounts.filter(({ id, state, reason }) => {
    if (!planned.has(id)) return false;
    const line = lines.get(id);
    if (line?.reason === LOST) return false;
    if (state === 'cancelled') return line?.state !== 'cancelled';
    if (state === 'train') return line?.state !== 'trainable';
    return line?.state === 'cancelled' || reason !== maskedBy(line);
  });
  report(
    'accounted for otherwise than the pool records',
    differing.map((one) => one.id),
  );
}

function compareOther(
  purpose: Exclude<Purpose, 'train'>,
  { others, trajectories }: ConservationInput,
  report: Report,
): Conservation['others'][number] {
  const plans = others.filter((one) => one.purpose === purpose);
  const ids = plans.flatMap((plan) => plan.ids);
  const requested = new Set<string>(ids);
  const recorded = new Set(trajectories.filter((one) => one.purpose === purpose).map((one) => one.rollout));
  const absent = (of: typeof plans): Set<string> =>
    new Set(of.flatMap((plan) => plan.ids.filter((id) => !recorded.has(id))));
  const cancelled = absent(plans.filter((plan) => plan.left));
  const missing = [...absent(plans.filter((plan) => !plan.left))];
  const strange = [...recorded].filter((id) => !requested.has(id));
  const twice = duplicates(ids);
  report(`${purpose} rollouts requested twice`, twice);
  report(`${purpose} rollouts requested but not in the pool`, missing);
  report(`${purpose} rollouts in the pool but never requested`, strange);
  const balanced = twice.length + missing.length + strange.length === 0;
  return { purpose, requested: requested.size, recorded: recorded.size, cancelled: cancelled.size, balanced };
}

function duplicates<T extends string>(ids: readonly T[]): T[] {
  const seen = new Set<T>();
  const twice = new Set<T>();
  for (const id of ids) (seen.has(id) ? twice : seen).add(id);
  return [...twice];
}
