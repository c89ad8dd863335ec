// Which version of a policy answers a rollout that is not bound to the one that it began with.
import type { PolicyName } from '../contracts/ids.ts';

const VERSION = /^(.*)\.v(\d+)$/;

/** The newest of the same campaign that is served, never an older one than it began with. */
export function newestVersion(began: PolicyName, served: readonly string[]): PolicyName {
  const [, campaign, first] = VERSION.exec(began)!;
  let newest = Number(first);
  let found = began;
  for (const name of served) {
    const [, of, version] = VERSION.exec(name) ?? [];
    if (of !== campaign || Number(version) <= newest) continue;
    newest = Number(version);
    found = name as PolicyName;
  }
  return found;
}
