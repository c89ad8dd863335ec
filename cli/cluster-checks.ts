// What a stack that runs its campaigns on a cluster needs beyond this machine: its bucket, and the cluster itself.
import type { CampaignSpec } from '../contracts/campaign.ts';
import { AnnealError, asAnnealError, ERRORS, type Problem } from '../contracts/errors.ts';
import type { ProfileSpec } from '../contracts/profile.ts';
import type { Config } from '../infra/config.ts';
import type { Deployment } from '../infra/deployment.ts';
import { doorProblems, podsOf } from '../infra/sandbox/choice.ts';
import type { Check } from '../infra/stack/doctor.ts';
import { createS3Store } from '../infra/store/s3/store.ts';
import { readBaseWeights } from '../infra/vllm/base-weights.ts';
import { type HeldToken, heldToken, readPolicyToken } from '../k8s/access/policy-token.ts';
import { type ClusterNeeds, needsOf, preflight } from '../k8s/access/preflight.ts';
import { openCluster } from '../k8s/cluster/request.ts';
import { loadProfile } from '../k8s/layout/shipped.ts';
import { openPodSandbox } from '../k8s/sandbox/open.ts';

/** An image may have to be pulled; a campaign would wait longer. */
const TRIAL_MS = 120_000;

type OnCluster = Extract<Deployment, { compute: 'kubernetes' }>;

/**
 * Nothing on one machine. Never throws because of what is missing.
 * @param named a profile; that of the CPU needs the least
 * @throws AnnealError `profile.*` when there is none of that name
 */
export async function clusterChecks(config: Config, named: string): Promise<Check[]> {
  const { deployment } = config;
  if (deployment.compute === 'local') return [];
  const profile = await loadProfile(named);
  const bucket = checkBucket(deployment);
  const whole = profile.rollout.server === 'vllm' ? [await checkBaseWeights(deployment, profile)] : [];
  return [await bucket, ...whole, ...(await checkCluster(deployment, profile)), ...(await checkPods(config))];
}

/** As bubblewrap's: by a trial. It leaves one network policy, which the worker would make. */
async function checkPods(config: Config): Promise<Check[]> {
  const pods = podsOf(config);
  if (pods === undefined) return [];
  try {
    const trial = await openPodSandbox(pods, { signal: AbortSignal.timeout(TRIAL_MS) }).describe();
    const weak = pods.allow.length === 0 ? {} : { hint: `The setting allows ${pods.allow.join(' and ')}.` };
    return [{ name: 'sandbox', status: 'hint' in weak ? 'warn' : 'ok', detail: trial, ...weak }];
  } catch (failure) {
    const { code, message } = asAnnealError(failure);
    const detail = `pods of ${pods.namespace}, ${pods.runtimeClass ?? 'the node’s own kernel'}: ${message}`;
    return [{ name: 'sandbox', status: 'fail', detail, hint: ERRORS[code].action }];
  }
}

/**
 * Before a campaign is begun by this machine's own stack: everything that its bucket and its cluster lack for it, at once. Nothing is
 * created. One that is submitted from elsewhere is judged by the worker that will run it, under that worker's rights.
 * @throws AnnealError with `problems`, under the first one's code
 */
export async function refuseUnfit(
  config: Config,
  { name, harness }: Pick<CampaignSpec, 'name' | 'harness'>,
  profile: ProfileSpec,
): Promise<void> {
  const { deployment } = config;
  if (deployment.compute === 'local') return;
  const found = await Promise.all([bucketProblems(deployment), clusterProblems(deployment, profile)]);
  const [first, ...others] = [...doorProblems(config, harness), ...found.flat()];
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const message = `${name} is not begun, and nothing was created: ${first.path}${more}`;
  throw new AnnealError(first.code, message, { problems: [first, ...others] });
}

/**
 * What gateway and worker could not even start without. The campaign's own profile is not known yet.
 * @throws AnnealError `cli.usage`
 */
export function refuseUnreadableToken({ deployment }: Config): void {
  if (deployment.compute === 'kubernetes') readPolicyToken(deployment.cluster.tokenFile);
}

async function bucketProblems({ store }: OnCluster): Promise<Problem[]> {
  const place = store.replace(/\?.*$/, '');
  const trouble = await createS3Store(store, { attempts: 2, timeoutMs: 10_000 })
    .check()
    .then(() => undefined, asAnnealError);
  if (trouble === undefined) return [];
  const { code, message } = trouble;
  return [{ code, path: place, expected: 'a bucket to read, list and write', got: message, hint: ERRORS[code].action }];
}

async function clusterProblems({ cluster: settings }: OnCluster, profile: ProfileSpec): Promise<readonly Problem[]> {
  const token = lookAtToken(settings.tokenFile);
  return [...token.problems, ...(await clusterProblemsFor(needsOf(profile, settings, token.held), settings))];
}

/** What can be said of it without the cluster; where nothing is wrong, what the secret is compared with. */
function lookAtToken(file: string): { readonly problems: readonly Problem[]; readonly held?: HeldToken } {
  try {
    return { problems: [], held: heldToken(file) };
  } catch (failure) {
    return { problems: asAnnealError(failure).problems };
  }
}

async function clusterProblemsFor(
  needs: ClusterNeeds,
  { kubeconfig }: OnCluster['cluster'],
): Promise<readonly Problem[]> {
  try {
    return await preflight(openCluster({ kubeconfig: kubeconfig ?? undefined, patienceMs: 5_000 }), needs);
  } catch (failure) {
    const { code, message } = asAnnealError(failure);
    return [{ code, path: 'cluster', expected: 'a cluster that answers', got: message, hint: ERRORS[code].action }];
  }
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
async function checkCluster(deployment: OnCluster, profile: ProfileSpec): Promise<Check[]> {
  const problems = await clusterProblems(deployment, profile);
  if (problems.length === 0) {
    const { server } = openCluster({ kubeconfig: deployment.cluster.kubeconfig ?? undefined });
    return [{ name: 'cluster', status: 'ok', detail: `${server}, namespace ${deployment.cluster.namespace}` }];
  }
  return problems.map(({ path, expected, got, hint }): Check => {
    const detail = `${path}: ${expected}${got === undefined ? '' : `, got ${got}`}`;
    return { name: 'cluster', status: 'fail', detail, hint };
  });
}
