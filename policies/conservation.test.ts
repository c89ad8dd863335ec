import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaignName, makeRolloutId, type Purpose, type RolloutId } from '../contracts/ids.ts';
import type { Outcome } from '../contracts/trajectory.ts';
import { checkConservation } from './conservation.ts';

const campaign = campaignName.parse('quickstart');
const id = (round: number, sample: number, purpose: Purpose = 'train'): RolloutId =>
  makeRolloutId({ campaign, round, purpose, policyVersion: 0, group: 0, sample });

type Mask = { id: RolloutId; reason: string };
/** The input, open to changes. */
type Draft = {
  plans: { round: number; ids: RolloutId[] }[];
  jobs: { round: number; trained: RolloutId[]; dropped: Mask[] }[];
  trajectories: { rollout: RolloutId; purpose: Purpose; outcome: Outcome }[];
  masks: Mask[];
  cancelled: RolloutId[];
  others: { purpose: Exclude<Purpose, 'train'>; ids: RolloutId[] }[];
};

/** Two rounds in which everything that can happen happened, in order. */
function sound(): Draft {
  const input: Draft = { plans: [], jobs: [], trajectories: [], masks: [], cancelled: [], others: [] };
  for (const round of [1, 2]) {
    const ids = Array.from({ length: 8 }, (_, sample) => id(round, sample));
    input.plans.push({ round, ids });
    input.jobs.push({ round, trained: ids.slice(0, 3), dropped: [{ id: ids[3]!, reason: 'stale' }] });
    input.masks.push(
      { id: ids[4]!, reason: 'zero_advantage' },
      { id: ids[5]!, reason: 'infrastructure_failure' },
      { id: ids[6]!, reason: 'no_trajectory' },
    );
    input.cancelled.push(ids[7]!);
    for (const rollout of ids.slice(0, 5)) {
      input.trajectories.push({ rollout, purpose: 'train', outcome: 'success' });
    }
    input.trajectories.push({ rollout: ids[5]!, purpose: 'train', outcome: 'infrastructure_failure' });
  }
  for (const purpose of ['gate', 'pilot'] as const) {
    const ids = [id(0, 0, purpose), id(0, 1, purpose)];
    input.others.push({ purpose, ids });
    for (const rollout of ids) input.trajectories.push({ rollout, purpose, outcome: 'policy_failure' });
  }
  return input;
}

/** The sound input after one change. */
function changed(change: (draft: Draft) => unknown) {
  const draft = sound();
  change(draft);
  return checkConservation(draft);
}

describe('checkConservation', () => {
  it('counts a sound campaign, and finds nothing', () => {
    expect(checkConservation(sound())).toEqual({
      prompts: 16,
      trained: 6,
      masked: { zero_advantage: 2, infrastructure_failure: 2, no_trajectory: 2, stale: 2 },
      cancelled: 2,
      balanced: true,
      problems: [],
      others: [
        { purpose: 'gate', requested: 2, recorded: 2, balanced: true },
        { purpose: 'pilot', requested: 2, recorded: 2, balanced: true },
      ],
    });
  });

  const breaks: [string, (draft: Draft) => unknown][] = [
    ['requested but neither', (d) => d.masks.shift()],
    ['requested but neither', (d) => d.cancelled.shift()],
    ['requested but neither', (d) => d.jobs[0]!.trained.shift()],
    ['requested twice', (d) => d.plans[1]!.ids.push(id(1, 0))],
    ['trained but never requested', (d) => d.jobs[0]!.trained.push(id(9, 9))],
    ['trained twice', (d) => d.jobs[1]!.trained.push(id(1, 0))],
    ['trained in another round', (d) => d.jobs[1]!.trained.push(d.jobs[0]!.trained.shift()!)],
    ['both trained and masked', (d) => d.masks.push({ id: id(1, 0), reason: 'zero_advantage' })],
    ['both trained and cancelled', (d) => d.cancelled.push(id(1, 0))],
    ['both masked and cancelled', (d) => d.cancelled.push(id(1, 4))],
    ['masked twice', (d) => d.masks.push({ id: id(1, 3), reason: 'zero_advantage' })],
    ['cancelled twice', (d) => d.cancelled.push(id(1, 7))],
    ['masked but never requested', (d) => d.masks.push({ id: id(9, 9), reason: 'no_trajectory' })],
    ['cancelled but never requested', (d) => d.cancelled.push(id(9, 9))],
    ['in the pool but never requested', (d) => d.trajectories.push({ ...d.trajectories[0]!, rollout: id(9, 9) })],
    ['in the pool twice', (d) => d.trajectories.push(d.trajectories[0]!)],
    ['trained without a trajectory', (d) => d.trajectories.shift()],
    ['masked without a trajectory', (d) => d.trajectories.splice(4, 1)],
    ['their outcome does not train', (d) => (d.trajectories[0]!.outcome = 'verifier_failure')],
    ['another reason than the pool', (d) => (d.trajectories[5]!.outcome = 'success')],
    ['another reason than the pool', (d) => (d.trajectories[4]!.outcome = 'unknown')],
    ['another reason than the pool', (d) => d.trajectories.push({ ...d.trajectories[0]!, rollout: id(1, 6) })],
    ['cancelled although they finished', (d) => d.trajectories.push({ ...d.trajectories[0]!, rollout: id(1, 7) })],
    ['gate rollouts requested but not', (d) => d.others[0]!.ids.push(id(0, 5, 'gate'))],
    ['gate rollouts requested twice', (d) => d.others[0]!.ids.push(id(0, 0, 'gate'))],
    ['pilot rollouts in the pool but never', (d) => d.others[1]!.ids.shift()],
  ];
  it.each(breaks)('finds what is %s', (problem, change) => {
    const result = changed(change);
    expect(result.balanced).toBe(false);
    expect(result.problems).toContainEqual(expect.stringContaining(problem));
  });

  it('marks the ledger that does not balance', () => {
    const { others } = changed((draft) => draft.others[0]!.ids.shift());
    expect(others.map((one) => one.balanced)).toEqual([false, true]);
  });

  it('takes a purpose that stands several times for one ledger', () => {
    const result = changed((draft) => {
      const ids = [id(1, 0, 'gate')];
      draft.others.push({ purpose: 'gate', ids });
      draft.trajectories.push({ rollout: ids[0]!, purpose: 'gate', outcome: 'success' });
    });
    expect(result.others[0]).toEqual({ purpose: 'gate', requested: 3, recorded: 3, balanced: true });
    expect(result.balanced).toBe(true);
  });

  it('finds rollouts of a purpose that nobody requested', () => {
    const stray = { rollout: id(3, 0, 'sealed'), purpose: 'sealed' as const, outcome: 'success' as const };
    expect(changed((draft) => draft.trajectories.push(stray)).problems).toEqual([
      expect.stringContaining('sealed rollouts in the pool but never requested'),
    ]);
  });

  it('lists a few ids, and counts all', () => {
    const [problem] = changed((draft) => draft.masks.splice(0)).problems;
    expect(problem).toMatch(/^6 requested but neither.*, …$/);
  });

  it('balances exactly when each requested id is in one set, over any assignment of states', () => {
    const states = ['trained', 'zero_advantage', 'verifier_failure', 'no_trajectory', 'cancelled'] as const;
    const several = fc.uniqueArray(fc.constantFrom(...states), { maxLength: 2 });
    fc.assert(
      fc.property(fc.array(several, { maxLength: 12 }), (assigned) => {
        const ids = assigned.map((_, sample) => id(1, sample));
        const draft: Draft = {
          plans: [{ round: 1, ids }],
          jobs: [],
          trajectories: [],
          masks: [],
          cancelled: [],
          others: [],
        };
        const trained: RolloutId[] = [];
        assigned.forEach((given, index) => {
          const rollout = ids[index]!;
          for (const state of given) {
            if (state === 'trained') trained.push(rollout);
            else if (state === 'cancelled') draft.cancelled.push(rollout);
            else draft.masks.push({ id: rollout, reason: state });
          }
          const [first] = given;
          if (first === 'trained' || first === 'zero_advantage')
            draft.trajectories.push({ rollout, purpose: 'train', outcome: 'success' });
          if (first === 'verifier_failure')
            draft.trajectories.push({ rollout, purpose: 'train', outcome: 'verifier_failure' });
        });
        draft.jobs.push({ round: 1, trained, dropped: [] });
        const result = checkConservation(draft);
        expect(result.balanced).toBe(assigned.every((given) => given.length === 1));
        if (result.balanced) {
          const masked = Object.values(result.masked).reduce((total, count) => total + count, 0);
          expect(result.trained + masked + result.cancelled).toBe(result.prompts);
        }
      }),
    );
  });
});
