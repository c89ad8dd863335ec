// What of a campaign may run on a cluster now, by name.
import { AnnealError } from '../contracts/errors.ts';
import type { Workload } from './cluster/objects.ts';
import type { Workloads } from './cluster/workloads.ts';
import { CAMPAIGN, MANAGED_BY, MANAGER, STORE } from './labels.ts';
import { ownerName } from './names.ts';
import { endOf } from './runner/observe.ts';

/** In the order in which they are ended. */
const KINDS = ['JobSet', 'Job', 'LeaderWorkerSet', 'Deployment'] as const;

/**
 * `Deployment demo-policy`: each object that has pods, or makes them. None of a campaign that another deployment has under that name.
 * @param place the bucket and prefix of the deployment
 */
export async function runningObjects(
  workloads: Workloads,
  { namespace, campaign, place }: { readonly namespace: string; readonly campaign: string; readonly place: string },
): Promise<string[]> {
  const owner = await workloads.read('ConfigMap', namespace, ownerName(campaign));
  if (owner?.metadata.annotations[STORE] !== place) return [];
  const selector = { [MANAGED_BY]: MANAGER, [CAMPAIGN]: campaign };
  const found = await Promise.all(
    KINDS.map(async (kind) => {
      const all = await workloads.list(kind, namespace, selector).catch(noneWithoutApi);
      return all.filter((one) => endOf(one) === undefined).map(({ metadata }) => `${kind} ${metadata.name}`);
    }),
  );
  return found.flat();
}

/** What is not installed runs nothing. */
function noneWithoutApi(failure: unknown): Workload[] {
  if (failure instanceof AnnealError && failure.code === 'cluster.missing_crd') return [];
  throw failure;
}

/**
 * What a person types to end campaigns: all that their ConfigMaps own goes with them.
 * @param campaigns `a, b`
 */
export function removalCommand(
  campaigns: string,
  { namespace, kubeconfig }: { readonly namespace: string; readonly kubeconfig: string | null },
): string {
  const at = kubeconfig === null ? '' : ` --kubeconfig ${kubeconfig}`;
  const selector = `${MANAGED_BY}=${MANAGER},${CAMPAIGN} in (${campaigns})`;
  return `kubectl${at} --namespace ${namespace} delete configmap --selector '${selector}'`;
}
