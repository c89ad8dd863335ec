// What the rules of evaluation hold in simulated campaigns, as figures with their bounds. The same seeds give the same figures.
import { CERTIFIED_RULE, type CertifiedRule } from '../../policies/certified-promotion.ts';
import { createRandom } from '../../policies/random.ts';
import { clopperPearson } from '../statistics/clopper-pearson.ts';
import { type Decided, runCampaign, type Scenario } from './campaign.ts';
import { lopsided, NULLS, type NullCampaign } from './nulls.ts';
import { RISE, runGap } from './overfitter.ts';
import { learn, makeWorld, RARE, RAREST, USUAL, withSlice } from './world.ts';

export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly bound: string;
  readonly holds: boolean;
}

const ROUNDS_OF_A_NULL = 120;
const ROUNDS_TO_FIND = 20;
const GAIN = 0.1;
/** By the round whose true gap is this, the overfitter must be frozen. */
const TRUE_GAP = 0.15;

const usual = NULLS['the same version every round']!;

/** The figures that must hold; well under a minute of one core at 200 seeds. */
export function simulateIntegrity(seeds = 200): Figure[] {
  return [
    atMost(`false promotions, ${ROUNDS_OF_A_NULL} rounds without a gain`, falselyPromoted(usual, seeds), seeds, 0.05),
    ...(['family', 'task'] as const).map((by) =>
      atLeast(
        `a gain of 10 points at n=300, learnt by ${by}, found within ${ROUNDS_TO_FIND} rounds`,
        found({ by }, seeds),
        seeds,
        0.8,
      ),
    ),
    ...gapFigures(Math.ceil(seeds / 4)),
    ...[RARE, RAREST].flatMap((slice) => sliceFigures(slice, seeds)),
  ];
}

/** False promotions in every shape of null; minutes at 200 seeds. */
export function simulateNulls(seeds: number, rounds = ROUNDS_OF_A_NULL): Figure[] {
  return Object.entries(NULLS).map(([name, shape]) =>
    atMost(`false promotions: ${name}`, falselyPromoted(shape, seeds, { rounds }), seeds, 0.05),
  );
}

/** What the rules cannot do, or do worse: measured, without a bound. */
export function simulateLimits(seeds: number): Omit<Figure, 'bound' | 'holds'>[] {
  const wealth: CertifiedRule = { ...CERTIFIED_RULE, evidence: 'wealth' };
  const one = { by: 'family' } as const;
  const hidden = (rule: CertifiedRule) => falselyPromoted(lopsided, seeds, { rule, rounds: 40 });
  const shares: readonly (readonly [string, number])[] = [
    ['false promotions in 40 rounds whose small gains hide rare whole losses, test of signs', hidden(CERTIFIED_RULE)],
    ['the same, e-values', hidden(wealth)],
    [
      'false promotions where each evaluation loses up to 10% of its passes',
      falselyPromoted(usual, seeds, { busy: 0.1 }),
    ],
    ['the same, up to 20%', falselyPromoted(usual, seeds, { busy: 0.2 })],
    ['false promotions if e-values were multiplied over rounds', multiplied(seeds)],
    ['a gain of 10 points found by e-values, learnt by family', found({ ...one, rule: wealth }, seeds)],
    ['a gain of 10 points found with two attempts a task, learnt by family', found({ ...one, samples: 2 }, seeds)],
    ['a gain of 5 points found, learnt by family', found({ ...one, gain: 0.05 }, seeds)],
    ['a gain of 10 points that comes in round 11, found by round 20', found({ ...one, from: 11 }, seeds)],
    ['the same, looked at every fifth round', found({ ...one, from: 11, every: 5 }, seeds)],
    ['promoted although the rare slice fell by 30 points', withLoss(RARE, seeds, 0.6, {})],
    ['promoted although the rarest slice fell by 30 points', withLoss(RAREST, seeds, 0.6, {})],
  ];
  return shares.map(([name, hits]) => ({ name, value: `${percent(hits / seeds)} of ${seeds} campaigns` }));
}

/** Campaigns with more promotions than are right. */
function falselyPromoted(shape: (seed: number) => NullCampaign, seeds: number, more: Partial<Scenario> = {}): number {
  return count(seeds, (seed) => {
    const campaign = shape(seed);
    const decided = runCampaign({ rounds: ROUNDS_OF_A_NULL, ...campaign, ...more });
    return promotions(decided) > (campaign.rightly ?? 0);
  });
}

interface Gain extends Pick<Scenario, 'samples' | 'rule' | 'every'> {
  readonly by: 'family' | 'task';
  readonly gain?: number;
  readonly from?: number;
}

function found({ by, gain = GAIN, from = 1, samples = 1, ...more }: Gain, seeds: number): number {
  return count(seeds, (seed) => {
    const world = makeWorld(USUAL, seed);
    const better = learn(world, gain, by, createRandom('learns', seed));
    const candidate = (round: number) => (round < from ? world.start : better);
    const decided = runCampaign({
      world,
      seed,
      rounds: ROUNDS_TO_FIND,
      samples,
      untilPromoted: true,
      candidate,
      ...more,
    });
    return decided.some(({ verdict, round }) => verdict === 'promote' && round >= from);
  });
}

/** An overall gain of 15 points, while one capability that version 0 had mastered falls from 90% to `to`. */
function withLoss(slice: string, seeds: number, to: number, rule: Partial<CertifiedRule>): number {
  return count(seeds, (seed) => {
    const usual = makeWorld(USUAL, seed);
    const world = { ...usual, start: withSlice(usual, usual.start, slice, 0.9) };
    const traded = withSlice(world, learn(world, 0.15, 'task', createRandom('learns', seed)), slice, to);
    const decided = runCampaign({
      world,
      seed,
      rounds: ROUNDS_TO_FIND,
      candidate: () => traded,
      rule: { ...CERTIFIED_RULE, ...rule },
    });
    return promotions(decided) > 0;
  });
}

function sliceFigures(slice: string, seeds: number): Figure[] {
  const blind = { falseBlock: 1e-9, maxSliceDrop: 1 };
  const tasks = makeWorld(USUAL, 0).locked.filter(({ capability }) => capability === slice).length;
  const loss = `a loss of 50 points in ${slice} (${tasks} of 300 tasks) under an overall gain`;
  return [
    atMost(`${loss}: promoted`, withLoss(slice, seeds, 0.4, {}), seeds, 0.05),
    atLeast(`${loss}: would be promoted without the slices`, withLoss(slice, seeds, 0.4, blind), seeds, 0.8),
  ];
}

function gapFigures(seeds: number): Figure[] {
  const rounds = Math.round(TRUE_GAP / RISE);
  const frozen = (honest: boolean) => count(seeds, (seed) => runGap(seed, rounds, honest).frozenAt !== undefined);
  return [
    atLeast(`an overfitter frozen by the round with a true gap of ${percent(TRUE_GAP)}`, frozen(false), seeds, 0.8),
    atMost('an honest campaign frozen', frozen(true), seeds, 0.1),
  ];
}

/** E-values multiplied over rounds since the last promotion, as if each round were new evidence: they are not. */
function multiplied(seeds: number): number {
  return count(seeds, (seed) => {
    const decided = runCampaign({ rounds: ROUNDS_OF_A_NULL, ...usual(seed) });
    let log = 0;
    return decided.some(({ logE }) => {
      log += logE;
      return log >= Math.log(20);
    });
  });
}

function count(seeds: number, happens: (seed: number) => boolean): number {
  let hits = 0;
  for (let seed = 0; seed < seeds; seed += 1) if (happens(seed)) hits += 1;
  return hits;
}

const promotions = (decided: readonly Decided[]): number =>
  decided.filter(({ verdict }) => verdict === 'promote').length;

function atMost(name: string, hits: number, seeds: number, most: number): Figure {
  const { high } = clopperPearson(hits, seeds, 0.05);
  const value = `${hits} of ${seeds}, upper 95% bound ${percent(high)}`;
  return { name, value, bound: `upper bound ≤ ${percent(most)}`, holds: high <= most };
}

function atLeast(name: string, hits: number, seeds: number, least: number): Figure {
  const { low } = clopperPearson(hits, seeds, 0.05);
  const value = `${hits} of ${seeds} (${percent(hits / seeds)}), lower 95% bound ${percent(low)}`;
  return { name, value, bound: `lower bound ≥ ${percent(least)}`, holds: low >= least };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
