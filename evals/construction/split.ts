// Which function belongs to which split. Pure: the same families, shares and seed always give the same answer.
import { AnnealError } from '../../contracts/errors.ts';
import type { Split } from '../../contracts/task.ts';
import { createRandom } from '../../policies/random.ts';

export const SPLITS = ['visible', 'gate', 'sealed'] as const satisfies readonly Split[];

export interface SplitInput {
  /** `module.function`. */
  readonly families: readonly string[];
  /** Shares that sum to 1. */
  readonly shares: Readonly<Record<Split, number>>;
  readonly seed: number;
  /** Pairs that do the same under two names; they go to one split together, transitively. */
  readonly kin?: readonly (readonly [string, string])[];
}

/**
 * Assigns every family to one split.
 *
 * Groups of kin are shuffled within their module and dealt out module by module, each to the split that lacks most against its
 * share: so every module is spread over the splits by the shares, and hard modules do not gather in one of them.
 * @throws AnnealError `spec.impossible_split` when the shares do not sum to 1, or a split would get no family
 */
export function splitFamilies({ families, shares, seed, kin = [] }: SplitInput): Map<string, Split> {
  const total = SPLITS.reduce((sum, split) => sum + shares[split], 0);
  if (Math.abs(total - 1) > 1e-6)
    throw new AnnealError('spec.impossible_split', `the shares of the splits sum to ${total}, not to 1`);
  const groups = dealingOrder(groupKin([...new Set(families)].sort(), kin), seed);
  const assigned = new Map<string, Split>();
  const counts: Record<Split, number> = { visible: 0, gate: 0, sealed: 0 };
  for (const [index, group] of groups.entries()) {
    const empty = SPLITS.filter((split) => counts[split] === 0);
    // With as many groups left as splits are empty, an empty one comes first.
    const open = groups.length - index <= empty.length ? empty : SPLITS;
    const split = mostLacking(open, shares, counts, assigned.size + group.length);
    for (const family of group) assigned.set(family, split);
    counts[split] += group.length;
  }
  const none = SPLITS.filter((split) => counts[split] === 0);
  if (none.length > 0) {
    const all = `${assigned.size} families in ${groups.length} groups`;
    throw new AnnealError('spec.impossible_split', `${all} leave the ${none.join(' and ')} split without any`);
  }
  return assigned;
}

/** How many of `count` go to each split: largest remainders, so that they sum to `count`. */
export function apportion(count: number, shares: Readonly<Record<Split, number>>): Record<Split, number> {
  const parts = SPLITS.map((split) => ({
    split,
    whole: Math.floor(count * shares[split]),
    exact: count * shares[split],
  }));
  const left = count - parts.reduce((sum, part) => sum + part.whole, 0);
  const favoured = [...parts].sort((a, b) => b.exact - b.whole - (a.exact - a.whole)).slice(0, left);
  return Object.fromEntries(
    parts.map((part) => [part.split, part.whole + (favoured.includes(part) ? 1 : 0)]),
  ) as Record<Split, number>;
}

function mostLacking(
  open: readonly Split[],
  shares: Readonly<Record<Split, number>>,
  counts: Readonly<Record<Split, number>>,
  placed: number,
): Split {
  const lack = (split: Split) => shares[split] * placed - counts[split];
  return open.reduce((best, split) => (lack(split) > lack(best) + 1e-9 ? split : best));
}

/** Connected components of the kin relation; a family without kin is a group of its own. */
function groupKin(families: readonly string[], kin: readonly (readonly [string, string])[]): string[][] {
  const parent = new Map(families.map((family) => [family, family]));
  const root = (family: string): string => {
    let at = family;
    while (parent.get(at) !== at) at = parent.get(at)!;
    return at;
  };
  for (const [a, b] of kin) if (parent.has(a) && parent.has(b)) parent.set(root(a), root(b));
  const groups = new Map<string, string[]>();
  for (const family of families) groups.set(root(family), [...(groups.get(root(family)) ?? []), family]);
  return [...groups.values()];
}

function dealingOrder(groups: readonly (readonly string[])[], seed: number): (readonly string[])[] {
  const moduleOf = (group: readonly string[]) => group[0]!.split('.')[0]!;
  const modules = [...new Set(groups.map(moduleOf))].sort();
  return modules.flatMap((name) =>
    createRandom('split', seed, name).shuffle(groups.filter((group) => moduleOf(group) === name)),
  );
}
