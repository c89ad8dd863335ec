// Told before anything is spent: can a gate split of this size certify the gain that a campaign hopes for, and at which looks?
import type { CertifiedSpec } from '../contracts/certified.ts';
import { alphaAt } from './alpha-spending.ts';
import { smallestGain } from './certifiable.ts';
import { counted, points } from './wording.ts';

/** Of a family's difference between two versions, its mean square, where nothing was measured yet. */
export const USUAL_DISCORDANCE = 0.1;
/** An even chance: what is certified half of the time at best is not worth its rollouts. */
const POWER = 0.5;
/** E-values take about twice the families that the test of signs does. */
const WEALTH = 2;

export interface Outlook {
  readonly enough: boolean;
  /** One or two plain sentences. */
  readonly why: string;
}

/**
 * The smallest gain that each look can certify, by `smallestGain` at the look's own share of alpha. It grows with every look: what
 * the last round needs is what a campaign that learns slowly needs.
 * @param set.families of the gate split; with `atMost` there may be fewer, since some drafts never become tasks
 */
export function outlook(
  set: { readonly families: number; readonly atMost?: boolean; readonly discordance?: number },
  rule: Pick<CertifiedSpec, 'evidence' | 'alpha' | 'gain'>,
  looks: number,
): Outlook {
  const { families, atMost = false, discordance = USUAL_DISCORDANCE } = set;
  const units = rule.evidence === 'wealth' ? families / WEALTH : families;
  const at = (look: number): number =>
    smallestGain({ units, discordance, alpha: alphaAt(look, rule.alpha), power: POWER });
  const last = lastLook((look) => at(look) <= rule.gain, looks);
  const size = `${atMost ? 'at most ' : ''}${counted(families, 'family', 'families')}, whose differences between two versions have a mean square of ${discordance.toFixed(3)}`;
  const limits = looks === 1 ? said(at(1)) : `${said(at(1))} at look 1, ${said(at(looks))} at look ${looks}`;
  const arithmetic = `Its gate split has ${size}: it certifies ${limits}, half of the time.`;
  if (last === looks) return { enough: true, why: `A gain of ${points(rule.gain)} can be certified. ${arithmetic}` };
  const when = last === 0 ? '' : ` after look ${last}`;
  return {
    enough: false,
    why: `This set is too small to certify a gain of ${points(rule.gain)}${when}. ${arithmetic}`,
  };
}

const said = (gain: number): string => (gain > 1 ? 'no gain at all' : `gains from about ${points(gain)}`);

/** By bisection: what a look certifies, every earlier one does. 0: none. */
function lastLook(certifies: (look: number) => boolean, looks: number): number {
  let [known, refused] = [0, looks + 1];
  while (refused - known > 1) {
    const middle = Math.floor((known + refused) / 2);
    if (certifies(middle)) known = middle;
    else refused = middle;
  }
  return known;
}
