// Which policy version answers a request, as its credential says: the one that the rollout began with, or the newest that is served.
import type { PolicyName } from '../../contracts/ids.ts';
import { newestVersion } from '../../policies/newest-version.ts';
import type { RolloutClaims } from '../credential.ts';

export interface Versions {
  /** Never fails: where nobody says what is served, it is the version that the rollout began with. */
  of(claims: Pick<RolloutClaims, 'policy' | 'versions'>): Promise<PolicyName>;
}

/** Versions come by the minute; servers are asked for them so often. */
const FRESH_MS = 1_000;

export function createVersions(list: (signal: AbortSignal) => Promise<string[]>, now = Date.now): Versions {
  let known: { readonly names: Promise<readonly string[]>; readonly until: number } | undefined;

  function served(): Promise<readonly string[]> {
    if (known === undefined || known.until <= now()) {
      // Asked for all who wait, so not given up with one of them.
      const names = list(new AbortController().signal).catch(() => []);
      known = { names, until: now() + FRESH_MS };
    }
    return known.names;
  }

  return {
    of: async ({ policy, versions }) => (versions === 'latest' ? newestVersion(policy, await served()) : policy),
  };
}
