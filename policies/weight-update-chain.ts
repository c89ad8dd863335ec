// Which objects bring a server's disk to a checkpoint at the least cost: a chain of deltas from what it has, or a full
// checkpoint with the deltas since.
import type { WeightCache, WeightTag } from '../contracts/weight-update.ts';

/** A manifest on the way from the target back: each link's parent is the next one. The last has no parent, or was the last one looked for. */
export interface ChainLink {
  readonly tag: WeightTag;
  /** `null`: a full checkpoint. */
  readonly parent: WeightTag | null;
  /** Of the deltas; of the whole checkpoint when it is full. */
  readonly bytes: number;
}

export type ApplyPlan =
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'apply';
      /** The full checkpoint to begin with; null: what is on disk. */
      readonly base: WeightTag | null;
      /** In the order in which they are applied. */
      readonly deltas: readonly WeightTag[];
      readonly bytes: number;
    }
  /** The chain reaches neither a full checkpoint nor what is on disk. */
  | { readonly kind: 'impossible'; readonly from: WeightTag };

/** @param chain from the target back, at least the target itself. */
export function planApply(chain: readonly ChainLink[], cache: WeightCache | null): ApplyPlan {
  const target = chain[0]!;
  if (cache?.tag === target.tag && cache.toward === null) return { kind: 'nothing' };
  const deltas: WeightTag[] = [];
  let bytes = 0;
  let best: Extract<ApplyPlan, { kind: 'apply' }> | undefined;
  const offer = (base: WeightTag | null, more: number): void => {
    const total = bytes + more;
    if (best === undefined || total < best.bytes)
      best = { kind: 'apply', base, deltas: deltas.toReversed(), bytes: total };
  };
  for (const link of chain) {
    if (link.parent === null) {
      offer(link.tag, link.bytes);
      break;
    }
    deltas.push(link.tag);
    bytes += link.bytes;
    // Overwriting again what a killed process had begun to overwrite heals it, if the same deltas are among these.
    if (cache?.tag === link.parent && (cache.toward === null || deltas.includes(cache.toward))) offer(null, 0);
  }
  return best ?? { kind: 'impossible', from: target.tag };
}
