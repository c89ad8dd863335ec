// What a stack that runs its campaigns on a cluster needs beyond this machine: its bucket, and the cluster itself.
import { asAnnealError, ERRORS } from '../contracts/errors.ts';
import type { Config } from '../infra/config.ts';
import type { Deployment } from '../infra/deployment.ts';
import type { Check } from '../infra/stack/doctor.ts';
import { createS3Store } from '../infra/store/s3/store.ts';
import { needsOf, preflight } from '../k8s/access/preflight.ts';
import { openCluster } from '../k8s/cluster/request.ts';
import { loadProfile } from '../k8s/layout/shipped.ts';

type OnCluster = Extract<Deployment, { compute: 'kubernetes' }>;

/** Nothing on one machine. Never throws because of what is missing. */
export async function clusterChecks({ deployment }: Config): Promise<Check[]> {
  if (deployment.compute === 'local') return [];
  const [bucket, cluster] = await Promise.all([checkBucket(deployment), checkCluster(deployment)]);
  return [bucket, ...cluster];
}

async function checkBucket({ store }: OnCluster): Promise<Check> {
  const place = store.replace(/\?.*$/, '');
  try {
    const [advice] = await createS3Store(store, { attempts: 2, timeoutMs: 10_000 }).check();
    return advice === undefined
      ? { name: 'bucket', status: 'ok', detail: `${place} can be read, listed and written` }
      : { name: 'bucket', status: 'warn', detail: place, hint: advice };
  } catch (failure) {
    const { code, message } = asAnnealError(failure);
    return { name: 'bucket', status: 'fail', detail: `${place}: ${message}`, hint: ERRORS[code].action };
  }
}

/** By the profile of the CPU, which needs the least: what a campaign's own profile needs is looked at when it starts. */
async function checkCluster({ cluster: settings }: OnCluster): Promise<Check[]> {
  try {
    const cluster = openCluster({ kubeconfig: settings.kubeconfig ?? undefined, patienceMs: 5_000 });
    const problems = await preflight(cluster, needsOf(await loadProfile('cpu'), settings));
    if (problems.length === 0) {
      const detail = `${cluster.server}, namespace ${settings.namespace}`;
      return [{ name: 'cluster', status: 'ok', detail }];
    }
    return problems.map(({ path, expected, got, hint }): Check => {
      const detail = `${path}: ${expected}${got === undefined ? '' : `, got ${got}`}`;
      return { name: 'cluster', status: 'fail', detail, hint };
    });
  } catch (failure) {
    const { code, message } = asAnnealError(failure);
    return [{ name: 'cluster', status: 'fail', detail: message, hint: ERRORS[code].action }];
  }
}
