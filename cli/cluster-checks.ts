// What a stack that runs its campaigns on a cluster needs beyond this machine: its bucket, and the cluster itself.
import { asAnnealError, ERRORS } from '../contracts/errors.ts';
import type { ProfileSpec } from '../contracts/profile.ts';
import type { Config } from '../infra/config.ts';
import type { Deployment } from '../infra/deployment.ts';
import type { Check } from '../infra/stack/doctor.ts';
import { createS3Store } from '../infra/store/s3/store.ts';
import { readBaseWeights } from '../infra/vllm/base-weights.ts';
import { needsOf, preflight } from '../k8s/access/preflight.ts';
import { openCluster } from '../k8s/cluster/request.ts';
import { loadProfile } from '../k8s/layout/shipped.ts';

type OnCluster = Extract<Deployment, { compute: 'kubernetes' }>;

/**
 * Nothing on one machine. Never throws because of what is missing.
 * @param named a profile; that of the CPU needs the least
 * @throws AnnealError `profile.*` when there is none of that name
 */
export async function clusterChecks({ deployment }: Config, named: string): Promise<Check[]> {
  if (deployment.compute === 'local') return [];
  const profile = await loadProfile(named);
  const bucket = checkBucket(deployment);
  const whole = profile.rollout.server === 'vllm' ? [await checkBaseWeights(deployment, profile)] : [];
  return [await bucket, ...whole, ...(await checkCluster(deployment, profile))];
}

/** What version 0 of a campaign is served and trained from. */
async function checkBaseWeights({ store }: OnCluster, { model }: ProfileSpec): Promise<Check> {
  try {
    const { tag } = await readBaseWeights(createS3Store(store, { attempts: 2, timeoutMs: 10_000 }), model.name);
    return { name: 'base model', status: 'ok', detail: `${model.name}, weights ${tag}` };
  } catch (failure) {
    const { code, message } = asAnnealError(failure);
    return { name: 'base model', status: 'fail', detail: message, hint: ERRORS[code].action };
  }
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

/** What a campaign's own profile needs is looked at when it starts. */
async function checkCluster({ cluster: settings }: OnCluster, profile: ProfileSpec): Promise<Check[]> {
  try {
    const cluster = openCluster({ kubeconfig: settings.kubeconfig ?? undefined, patienceMs: 5_000 });
    const problems = await preflight(cluster, needsOf(profile, settings));
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
