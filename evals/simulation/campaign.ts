// One simulated campaign: rounds of measuring a candidate and deciding by the rule itself.

import type { Verdict } from '../../contracts/policy-version.ts';
import { CERTIFIED_RULE, type CertifiedRule, decideCertified } from '../../policies/certified-promotion.ts';
import { noiseFloor } from '../../policies/noise-floor.ts';
import { createRandom, type Random } from '../../policies/random.ts';
import { type Chances, evaluate, type TaskWorld } from './world.ts';

export interface Scenario {
  readonly world: TaskWorld;
  /** What the candidate of a round (from 1) can do, given what the best version can. */
  candidate(round: number, best: Chances, random: Random): Chances;
  readonly rounds: number;
  readonly seed: number;
  /** Attempts a task. Campaigns make 2 unless told otherwise. */
  readonly samples?: number;
  readonly rule?: CertifiedRule;
  /** Chance that a candidate's result is lost, by whether it passed. */
  readonly lost?: (passed: boolean) => number;
  /** Each evaluation loses a share of its passes drawn from 0 to this: a busy machine, whose families all suffer at once. */
  readonly busy?: number;
  /** Stop at the first promotion. */
  readonly untilPromoted?: boolean;
  /** Look at every so manieth round's candidate only. */
  readonly every?: number;
}

export interface Decided {
  readonly round: number;
  readonly verdict: Verdict;
  readonly why: string;
  readonly flagged: readonly string[];
  readonly logE: number;
}

/** Every look's verdict. The best version is measured again after its promotion, as the rule asks for. */
export function runCampaign(scenario: Scenario): Decided[] {
  const { world, rounds, seed, samples = 2, rule = CERTIFIED_RULE, lost, busy = 0, every = 1 } = scenario;
  const random = createRandom('campaign', seed);
  const today = (chances: Chances): Chances => {
    if (busy === 0) return chances;
    const kept = 1 - busy * random.unit();
    return chances.map((chance) => chance * kept);
  };
  const measure = (chances: Chances) => evaluate(world, today(chances), samples, random);
  const roundZero = measure(world.start);
  const noise = noiseFloor(world.locked, roundZero, measure(world.start));
  let [best, bestChances] = [roundZero, world.start];
  let flagged: readonly string[] = [];
  const decided: Decided[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const chances = scenario.candidate(round, bestChances, random);
    if (round % every !== 0) continue;
    const candidate = evaluate(world, today(chances), samples, random, lost);
    const look = decided.length + 1;
    const found = decideCertified({ locked: world.locked, candidate, best, roundZero, look, noise, flagged }, rule);
    flagged = found.flagged;
    decided.push({ round, verdict: found.verdict, why: found.why, flagged, logE: found.logE });
    if (found.verdict !== 'promote') continue;
    if (scenario.untilPromoted) break;
    [best, bestChances] = [measure(chances), chances];
  }
  return decided;
}
