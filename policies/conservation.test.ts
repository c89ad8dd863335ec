import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaignName, makeRolloutId, type Purpose, type RolloutId } from '../contracts/ids.ts';
import { checkConservation } from './conservation.ts';
import type { LedgerLine } from './pool-ledger.ts';

const campaign = campaignName.parse('quickstart');
const id = (round: number, sample: number, purpose: Purpose = 'train'): RolloutId =>
  makeRolloutId({ campaign, round, purpose, policyVersion: 0, group: 0, sample });

type Mask = { id: RolloutId; reason: string };
/** The input, open to changes. */
type Draft = {
  plans: { round: number; ids: RolloutId[]; left: boolean; unused?: Map<RolloutId, string> }[];
  jobs: { round: number; trained: RolloutId[]; dropped: Mask[] }[];
  pool: { lines: LedgerLine[]; duplicates: string[] };
  trajectories: { rollout: RolloutId; purpose: Purpose }[];
  accounts: { id: RolloutId; state: 'train' | 'masked' | 'cancelled'; reason?: string }[];
  others: { purpose: Exclude<Purpose, 'train'>; ids: RolloutId[]; left: boolean }[];
};
const empty = (): Draft => ({
  plans: [],
  jobs: [],
  pool: { lines: [], duplicates: [] },
  trajectories: [],
  accounts: [],
  others: [],
});

/** What the pool and the batch's account say of a rollout that ended so. */
function record(draft: Draft, rollout: RolloutId, reason: string): void {
  const trains = reason === 'success';
  const absent = reason === 'no_trajectory';
  const state = reason === 'cancelled' ? reason : 'masked';
  draft.pool.lines.push({ rollout, state: trains ? 'trainable' : absent ? 'absent' : state, reason });
  draft.accounts.push(trains ? { id: rollout, state: 'train' } : { id: rollout, state, reason });
  if (!absent) draft.trajectories.push({ rollout, purpose: 'train' });
}

/** Two rounds in which everything that can happen happened, in order. */
function sound(): Draft {
  const input = empty();
  for (const round of [1, 2]) {
    const ids = Array.from({ length: 8 }, (_, sample) => id(round, sample));
    const ends = ['success', 'success', 'success', 'success', 'zero_advantage', 'infrastructure_failure'];
    input.plans.push({ round, ids, left: false });
    input.jobs.push({ round, trained: ids.slice(0, 3), dropped: [{ id: ids[3]!, reason: 'stale' }] });
    [...ends, 'no_trajectory', 'cancelled'].forEach((reason, sample) => {
      record(input, ids[sample]!, reason);
    });
  }
  for (const purpose of ['gate', 'pilot'] as const) {
    const ids = [id(0, 0, purpose), id(0, 1, purpose)];
    input.others.push({ purpose, ids, left: false });
    for (const rollout of ids) input.trajectories.push({ rollout, purpose });
  }
  return input;
}

/** The sound input after one change. */
function changed(change: (draft: Draft) => unknown) {
  const draft = sound();
  change(draft);
  return checkConservation(draft);
}

/** A third round and a gate evaluation that a human ended in the middle: two rollouts of each are recorded. */
function left(draft: Draft): void {
  const ids = [0, 1, 2, 3].map((sample) => id(3, sample));
  draft.plans.push({ round: 3, ids, left: true });
  ids.forEach((rollout, sample) => {
    record(draft, rollout, sample < 2 ? 'success' : 'no_trajectory');
  });
  draft.accounts.splice(-4);
  const gate = [0, 1, 2].map((sample) => id(2, sample, 'gate'));
  draft.others.push({ purpose: 'gate', ids: gate, left: true });
  draft.trajectories.push({ rollout: gate[0]!, purpose: 'gate' });
}

describe('checkConservation', () => {
  it('counts a sound campaign, and finds nothing', () => {
    const masked = { zero_advantage: 1, infrastructure_failure: 1, no_trajectory: 1, stale: 1 };
    expect(checkConservation(sound())).toEqual({
      prompts: 16,
      trained: 6,
      masked: { zero_advantage: 2, infrastructure_failure: 2, no_trajectory: 2, stale: 2 },
      cancelled: 2,
      balanced: true,
      problems: [],
      rounds: [1, 2].map((round) => ({ round, requested: 8, trained: 3, masked, cancelled: 1 })),
      others: [
        { purpose: 'gate', requested: 2, recorded: 2, cancelled: 0, balanced: true },
        { purpose: 'pilot', requested: 2, recorded: 2, cancelled: 0, balanced: true },
      ],
    });
  });

  const breaks: [string, (draft: Draft) => unknown][] = [
    ['requested but neither', (d) => d.jobs[0]!.trained.shift()],
    ['requested but neither', (d) => d.jobs.pop()],
    ['requested twice', (d) => d.plans[1]!.ids.push(id(1, 0))],
    ['trained but never requested', (d) => d.jobs[0]!.trained.push(id(9, 9))],
    ['dropped but never requested', (d) => d.jobs[0]!.dropped.push({ id: id(9, 9), reason: 'stale' })],
    ['trained twice', (d) => d.jobs[1]!.trained.push(id(1, 0))],
    ['dropped twice', (d) => d.jobs[0]!.dropped.push({ id: id(1, 3), reason: 'stale' })],
    ['both trained and dropped', (d) => d.jobs[0]!.trained.push(id(1, 3))],
    ['trained in another round', (d) => d.jobs[1]!.trained.push(d.jobs[0]!.trained.shift()!)],
    ['sent to the trainer although', (d) => d.jobs[0]!.trained.push(id(1, 4))],
    ['sent to the trainer although', (d) => d.jobs[0]!.trained.push(id(1, 7))],
    ['sent to the trainer without', (d) => d.jobs[0]!.trained.push(id(1, 6))],
    ['sent to the trainer without', (d) => d.pool.lines.shift()],
    ['in the pool but never requested', (d) => d.trajectories.push({ ...d.trajectories[0]!, rollout: id(9, 9) })],
    ['in the pool twice', (d) => d.trajectories.push(d.trajectories[0]!)],
    ['in the pool twice', (d) => d.pool.duplicates.push(`${id(1, 0)}/c0`)],
    ['accounted for twice', (d) => d.accounts.push(d.accounts[0]!)],
    ['accounted for but never', (d) => d.accounts.push({ id: id(9, 9), state: 'train' })],
    ['missing in the account', (d) => d.accounts.shift()],
    ['missing in the account', (d) => d.accounts.splice(8)],
    ['otherwise than the pool', (d) => (d.accounts[0] = { ...d.accounts[4]!, id: id(1, 0) })],
    ['otherwise than the pool', (d) => (d.accounts[4] = { id: id(1, 4), state: 'train' })],
    ['otherwise than the pool', (d) => (d.accounts[4]!.reason = 'verifier_failure')],
    ['otherwise than the pool', (d) => (d.accounts[5] = { id: id(1, 5), state: 'cancelled' })],
    ['otherwise than the pool', (d) => (d.accounts[7] = { id: id(1, 7), state: 'masked', reason: 'unknown' })],
    ['gate rollouts requested but not', (d) => d.others[0]!.ids.push(id(0, 5, 'gate'))],
    ['gate rollouts requested twice', (d) => d.others[0]!.ids.push(id(0, 0, 'gate'))],
    ['pilot rollouts in the pool but never', (d) => d.others[1]!.ids.shift()],
  ];
  it.each(breaks)('finds what is %s', (problem, change) => {
    const result = changed(change);
    expect(result.balanced).toBe(false);
    expect(result.problems).toContainEqual(expect.stringContaining(problem));
  });

  it('cancels a round that a human left, whatever of it was finished, and the rest of an evaluation', () => {
    const result = changed(left);
    expect(result.problems).toEqual([]);
    expect(result.cancelled).toBe(2 + 4);
    expect(result.rounds?.[2]).toEqual({ round: 3, requested: 4, trained: 0, masked: {}, cancelled: 4 });
    expect(result.others[0]).toEqual({ purpose: 'gate', requested: 5, recorded: 3, cancelled: 2, balanced: true });
  });

  it('counts a round that was left after its training by what its job says', () => {
    const trained = (ids: RolloutId[]) =>
      changed((draft) => {
        left(draft);
        draft.jobs.push({ round: 3, trained: ids, dropped: [] });
      });
    const { problems, rounds } = trained([id(3, 0), id(3, 1)]);
    expect(problems).toEqual([]);
    expect(rounds?.[2]).toEqual({ round: 3, requested: 4, trained: 2, masked: { no_trajectory: 2 }, cancelled: 0 });
    expect(trained([id(3, 0)]).problems).toEqual([expect.stringContaining('1 requested but neither')]);
  });

  it('cancels nothing in a round that nobody left', () => {
    const { problems } = changed((draft) => {
      left(draft);
      for (const one of [...draft.plans, ...draft.others]) one.left = false;
    });
    expect(problems).toEqual([
      expect.stringContaining('2 requested but neither'),
      expect.stringContaining('4 missing in the account'),
      expect.stringContaining('2 gate rollouts requested but not in the pool'),
    ]);
  });

  it('marks the ledger that does not balance', () => {
    const { others } = changed((draft) => draft.others[0]!.ids.shift());
    expect(others.map((one) => one.balanced)).toEqual([false, true]);
  });

  it('takes a purpose that stands several times for one ledger', () => {
    const result = changed((draft) => {
      const ids = [id(1, 0, 'gate')];
      draft.others.push({ purpose: 'gate', ids, left: false });
      draft.trajectories.push({ rollout: ids[0]!, purpose: 'gate' });
    });
    expect(result.others[0]).toEqual({ purpose: 'gate', requested: 3, recorded: 3, cancelled: 0, balanced: true });
    expect(result.balanced).toBe(true);
  });

  it('finds rollouts of a purpose that nobody requested', () => {
    const stray = { rollout: id(3, 0, 'sealed'), purpose: 'sealed' as const };
    expect(changed((draft) => draft.trajectories.push(stray)).problems).toEqual([
      expect.stringContaining('sealed rollouts in the pool but never requested'),
    ]);
  });

  it('lists a few ids, and counts all', () => {
    const [problem] = changed((draft) => draft.jobs.splice(0)).problems;
    expect(problem).toMatch(/^8 requested but neither.*, …$/);
  });

  it('balances exactly when pool, account and job give each requested id the same one state', () => {
    const states = ['success', 'zero_advantage', 'verifier_failure', 'no_trajectory', 'cancelled'] as const;
    const rollouts = fc.array(fc.record({ pool: fc.constantFrom(...states), sent: fc.boolean() }), { maxLength: 12 });
    fc.assert(
      fc.property(rollouts, (assigned) => {
        const draft = empty();
        const ids = assigned.map((_, sample) => id(1, sample));
        draft.plans.push({ round: 1, ids, left: false });
        assigned.forEach((one, sample) => {
          record(draft, ids[sample]!, one.pool);
        });
        draft.jobs.push({ round: 1, trained: ids.filter((_, sample) => assigned[sample]!.sent), dropped: [] });
        const result = checkConservation(draft);
        expect(result.balanced).toBe(assigned.every((one) => one.sent === (one.pool === 'success')));
        const masked = Object.values(result.masked).reduce((total, count) => total + count, 0);
        if (result.balanced) expect(result.trained + masked + result.cancelled).toBe(result.prompts);
      }),
    );
  });
});

it('what was lost with a volume since it was trained balances, and is told by its reason', () => {
  const input = sound();
  const taken = [id(1, 0), id(1, 6)];
  input.pool.lines = input.pool.lines.map((line) =>
    taken.includes(line.rollout) ? { ...line, state: 'absent', reason: 'records_lost' } : line,
  );
  input.trajectories = input.trajectories.filter(({ rollout }) => !taken.includes(rollout));
  const checked = checkConservation(input);
  expect(checked.problems).toEqual([]);
  expect(checked.masked.records_lost).toBe(1);
});

describe('what was given up', () => {
  /** Of the first round the last two have no account: they were never in its batch. */
  const givenUp = (why: string): Draft => {
    const input = sound();
    const ids = input.plans[0]!.ids.slice(6);
    input.plans[0]!.unused = new Map(ids.map((one) => [one, why]));
    input.accounts = input.accounts.filter((one) => !ids.includes(one.id));
    return input;
  };

  it('is masked by its reason, or cancelled, and needs no account', () => {
    const masked = checkConservation(givenUp('hung'));
    expect(masked).toMatchObject({ balanced: true, cancelled: 1, masked: { hung: 2 } });
    expect(checkConservation(givenUp('cancelled'))).toMatchObject({ balanced: true, cancelled: 3 });
  });

  it('is trained on by nobody', () => {
    const input = givenUp('expired');
    input.jobs[0]!.trained.push(input.plans[0]!.ids[7]!);
    expect(checkConservation(input).problems).toContainEqual(expect.stringContaining('although it was given up'));
  });
});
