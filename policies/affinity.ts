// Which server of several answers a session, so that it comes back to the one that holds what it begins with evaluated, and others do not
// wait there for long: the server with the highest number drawn from key and name, unless it has far more to do than the rest.
// After Thaler and Ravishankar's rendezvous hashing, with the bound on loads of Mirrokni, Thorup and Zadimoghaddam.

export interface Load {
  readonly name: string;
  /** Requests that it is answering. */
  readonly busy: number;
}

export interface AffinityOptions {
  /** How many times the average a server may have before its sessions go to others. */
  readonly spill: number;
  /** So many at a time are never too many: beginning anew elsewhere would cost more. */
  readonly patience: number;
}

export const AFFINITY: AffinityOptions = { spill: 1.25, patience: 2 };

/** @param servers at least one */
export function chooseAffine(key: string, servers: readonly Load[], options: AffinityOptions = AFFINITY): string {
  const total = servers.reduce((sum, { busy }) => sum + busy, 0);
  const bound = Math.max(options.patience, Math.ceil((options.spill * (total + 1)) / servers.length));
  let best: { readonly name: string; readonly score: number } | undefined;
  for (const { name, busy } of servers) {
    if (busy >= bound) continue;
    const score = scoreOf(key, name);
    if (best === undefined || score > best.score || (score === best.score && name < best.name)) best = { name, score };
  }
  // One of them has no more than the average, which is below the bound.
  return best!.name;
}

/** FNV-1a over both, mixed: neighbouring names must not draw neighbouring numbers. */
function scoreOf(key: string, name: string): number {
  let hash = 0x811c9dc5;
  for (const text of [key, '\0', name]) {
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
