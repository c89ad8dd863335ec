// Campaigns in which nothing is gained: whatever promotes here is wrong.
import type { LockedTask } from '../../policies/paired-outcomes.ts';
import type { Random } from '../../policies/random.ts';
import type { Scenario } from './campaign.ts';
import { type Chances, learn, makeWorld, type SetShape, USUAL } from './world.ts';

/** What one seed of a shape is, but for its number of rounds. */
export type NullCampaign = Omit<Scenario, 'rounds'> & {
  /** How many promotions are right; none unless told otherwise. */
  readonly rightly?: number;
};

const LARGE = Array.from({ length: 40 }, (_, at) => (at % 8 === 0 ? 30 : 1 + (at % 7)));

/** By name, one sentence each. */
export const NULLS: Readonly<Record<string, (seed: number) => NullCampaign>> = {
  'the same version every round': still(USUAL),
  'the same with two attempts a task': (seed) => ({ ...still(USUAL)(seed), samples: 2 }),
  'families whose tasks pass or fail together': still({ families: Array(30).fill(10), spread: 8, within: 0.98 }),
  'families of 1 to 30 tasks': still({ families: LARGE, spread: 8, within: 0.7 }),
  'a third of the tasks flaky': still({ ...USUAL, flaky: 0.33 }),
  'twelve tasks in six families': still({ families: Array(6).fill(2), spread: 3, within: 0.3 }),
  'all tasks pass': still({ ...USUAL, level: 200 }),
  'all tasks fail': still({ ...USUAL, level: -200 }),
  'a thousand families of one task': still({ families: Array(1000).fill(1), spread: 8, within: 0 }),
  'versions that wander: each round two families in a hundred change sides': wandering,
  'results of failures lost three times as often as of passes': (seed) => ({
    ...still(USUAL)(seed),
    lost: (passed) => (passed ? 0.02 : 0.06),
  }),
  'a busy machine: each evaluation loses up to 3% of its passes': (seed) => ({ ...still(USUAL)(seed), busy: 0.03 }),
  'ten points gained in round 3, nothing after': (seed) => {
    const world = makeWorld(USUAL, seed);
    let learnt: Chances | undefined;
    return {
      world,
      seed,
      samples: 1,
      rightly: 1,
      candidate: (round, _best, random) => {
        if (round >= 3) learnt ??= learn(world, 0.1, 'task', random);
        return learnt ?? world.start;
      },
    };
  },
};

/**
 * Beyond what the test of signs promises. Every family has one task that version 0 fails and 19 that it passes; each candidate solves
 * the one in every family, but loses one family in twenty whole: no gain on average, but up is far likelier than down.
 */
export function lopsided(seed: number): NullCampaign {
  const { locked } = makeWorld({ ...USUAL, families: Array(100).fill(20) }, seed);
  const families = familiesOf(locked);
  const candidate = (_round: number, _best: Chances, random: Random): Chances => {
    const broken = new Set(families.filter(() => random.unit() < 0.05));
    return locked.map(({ family }) => (broken.has(family) ? 0 : 1));
  };
  return { world: { locked, start: locked.map((_, at) => (at % 20 === 0 ? 0 : 1)) }, seed, samples: 1, candidate };
}

const familiesOf = (locked: readonly LockedTask[]): string[] => [...new Set(locked.map(({ family }) => family))];

function still(shape: SetShape): (seed: number) => NullCampaign {
  return (seed) => {
    const world = makeWorld(shape, seed);
    return { world, seed, samples: 1, candidate: () => world.start };
  };
}

/** Families change sides for good: the versions differ on this very set, for better or worse, but not on tasks at large. */
function wandering(seed: number): NullCampaign {
  const world = makeWorld(USUAL, seed);
  const families = familiesOf(world.locked);
  let now = world.start;
  return {
    world,
    seed,
    samples: 1,
    candidate: (_round, _best, random) => {
      const turned = new Set(families.filter(() => random.unit() < 0.02));
      now = now.map((chance, at) => (turned.has(world.locked[at]!.family) ? 1 - chance : chance));
      return now;
    },
  };
}
