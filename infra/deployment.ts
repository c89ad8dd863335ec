// What a home's campaigns run on: processes of this machine and a folder, or a Kubernetes cluster and a bucket. Given by the
// environment at the first `up`, kept in the home, so that every later command works on the same store.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { AnnealError, type Problem } from '../contracts/errors.ts';
import {
  BUBBLEWRAP,
  keptSandboxSetting,
  type SandboxSetting,
  sandboxText,
  sandboxVariable,
} from './sandbox/setting.ts';

const path = z.string().min(1).optional();
const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, 'a Kubernetes name: lower-case letters, digits, dashes and dots')
  .optional();

/** The variables, all optional; `Deployment` says what each means. */
export const deploymentVariables = {
  ANNEAL_COMPUTE: z.enum(['local', 'kubernetes'], { error: 'local or kubernetes' }).optional(),
  ANNEAL_STORE: z
    .string()
    .regex(/^s3:\/\//, 's3://BUCKET/PREFIX?endpoint=URL&region=NAME')
    .optional(),
  ANNEAL_KUBECONFIG: path,
  ANNEAL_KUBE_NAMESPACE: name,
  ANNEAL_KUBE_WORKLOAD: z.enum(['jobset', 'job'], { error: 'jobset or job' }).optional(),
  ANNEAL_KUBE_STORE_SECRET: name,
  ANNEAL_KUBE_TOKEN_SECRET: name,
  ANNEAL_POLICY_TOKEN_FILE: path,
  ANNEAL_KUBE_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'http://HOST:PORT' }).optional(),
  ANNEAL_SANDBOX: sandboxVariable.optional(),
};
type Given = { readonly [Name in keyof typeof deploymentVariables]?: z.infer<(typeof deploymentVariables)[Name]> };

const cluster = z.strictObject({
  /** ANNEAL_KUBECONFIG; null: the usual places, or the pod's service account. */
  kubeconfig: z.string().nullable(),
  /** ANNEAL_KUBE_NAMESPACE, default `anneal`: where trainers and policy servers run. */
  namespace: z.string(),
  /** ANNEAL_KUBE_WORKLOAD, default `jobset`: what trainers are; `job` where JobSet is not installed. */
  workload: z.enum(['jobset', 'job']),
  /** ANNEAL_KUBE_STORE_SECRET: a secret with the store's credentials; null: nodes or pods have a role that does it. */
  storeSecret: z.string().nullable(),
  /** ANNEAL_KUBE_TOKEN_SECRET, default `anneal-policy`: a secret whose `token` policy servers ask for. */
  tokenSecret: z.string(),
  /** ANNEAL_POLICY_TOKEN_FILE: the same token, for gateway and worker. */
  tokenFile: z.string(),
  /** ANNEAL_KUBE_OTLP_ENDPOINT: a collector of traces as trainers reach it; null, as in homes from before: they send none. */
  otlp: z.string().nullable().default(null),
  /** ANNEAL_SANDBOX, default `bubblewrap`: where untrusted programs run. */
  sandbox: keptSandboxSetting,
});
export type ClusterSettings = z.infer<typeof cluster>;

const deployment = z.discriminatedUnion('compute', [
  z.strictObject({ schema: z.literal('anneal/deployment/v1'), compute: z.literal('local') }),
  z.strictObject({
    schema: z.literal('anneal/deployment/v1'),
    compute: z.literal('kubernetes'),
    /** ANNEAL_STORE: the bucket that worker and pods share. */
    store: z.string(),
    cluster,
  }),
]);
/** ANNEAL_COMPUTE, default `local`. */
export type Deployment = z.infer<typeof deployment>;

export const LOCAL: Deployment = { schema: 'anneal/deployment/v1', compute: 'local' };
export const deploymentPath = (home: string): string => join(home, 'deployment.json');

/**
 * What the environment says, else what the home was set up with, else this machine.
 * @throws AnnealError `cli.usage` when settings lack each other, or contradict the home's
 */
export function deploymentOf(given: Given, home: string): Deployment {
  const kept = readKept(home);
  const wanted = fromVariables(given);
  const sandbox = given.ANNEAL_SANDBOX;
  if (sandbox?.by === 'pods' && (wanted ?? kept ?? LOCAL).compute === 'local') throw refusal([noCluster(sandbox)]);
  // By itself it says nothing of the place: one may move a home's sandboxes from one wall behind another.
  if (wanted === undefined && kept?.compute === 'kubernetes' && sandbox !== undefined)
    return { ...kept, cluster: { ...kept.cluster, sandbox } };
  if (kept === undefined || wanted === undefined) return wanted ?? kept ?? LOCAL;
  if (placeOf(kept) !== placeOf(wanted)) {
    throw new AnnealError(
      'cli.usage',
      `ANNEAL_HOME=${home} holds campaigns on ${placeOf(kept)}, and the environment names ${placeOf(wanted)}; name another home or unset ANNEAL_COMPUTE and ANNEAL_STORE`,
    );
  }
  return wanted;
}

/** What two settings must share to be one place; an endpoint may move. */
function placeOf(one: Deployment): string {
  return one.compute === 'local' ? 'this machine' : `Kubernetes with ${one.store.replace(/\?.*$/, '')}`;
}

function fromVariables(given: Given): Deployment | undefined {
  const store = given.ANNEAL_STORE;
  const tokenFile = given.ANNEAL_POLICY_TOKEN_FILE;
  if (given.ANNEAL_COMPUTE === undefined && store === undefined) return undefined;
  const problems: Problem[] = [];
  const lacks = (path: string, expected: string, hint: string, got?: string) =>
    problems.push({ code: 'cli.usage', path, expected, got, hint });
  if (given.ANNEAL_COMPUTE !== 'kubernetes') {
    if (store === undefined) return LOCAL;
    const compute = given.ANNEAL_COMPUTE;
    lacks('ANNEAL_COMPUTE', 'kubernetes, which is what a bucket is for', 'Set it, or unset ANNEAL_STORE.', compute);
    throw refusal(problems);
  }
  if (store === undefined)
    lacks('ANNEAL_STORE', 'the bucket that pods share', 'For example s3://anneal/team-a?endpoint=http://store:9000.');
  if (tokenFile === undefined)
    lacks('ANNEAL_POLICY_TOKEN_FILE', 'the file with the token of policy servers', 'It holds what the secret holds.');
  if (store === undefined || tokenFile === undefined) throw refusal(problems);
  return {
    schema: 'anneal/deployment/v1',
    compute: 'kubernetes',
    store,
    cluster: {
      kubeconfig: given.ANNEAL_KUBECONFIG === undefined ? null : resolve(given.ANNEAL_KUBECONFIG),
      namespace: given.ANNEAL_KUBE_NAMESPACE ?? 'anneal',
      workload: given.ANNEAL_KUBE_WORKLOAD === 'job' ? 'job' : 'jobset',
      storeSecret: given.ANNEAL_KUBE_STORE_SECRET ?? null,
      tokenSecret: given.ANNEAL_KUBE_TOKEN_SECRET ?? 'anneal-policy',
      tokenFile: resolve(tokenFile),
      otlp: given.ANNEAL_KUBE_OTLP_ENDPOINT ?? null,
      sandbox: given.ANNEAL_SANDBOX ?? BUBBLEWRAP,
    },
  };
}

/** The variables by which a child process reads the same deployment. */
export function deploymentEnvironment(one: Deployment): Record<string, string> {
  if (one.compute === 'local') return {};
  const { kubeconfig, namespace, workload, storeSecret, tokenSecret, tokenFile, otlp, sandbox } = one.cluster;
  return {
    ANNEAL_COMPUTE: one.compute,
    ANNEAL_STORE: one.store,
    ...(kubeconfig === null ? {} : { ANNEAL_KUBECONFIG: kubeconfig }),
    ANNEAL_KUBE_NAMESPACE: namespace,
    ANNEAL_KUBE_WORKLOAD: workload,
    ...(storeSecret === null ? {} : { ANNEAL_KUBE_STORE_SECRET: storeSecret }),
    ANNEAL_KUBE_TOKEN_SECRET: tokenSecret,
    ANNEAL_POLICY_TOKEN_FILE: tokenFile,
    ...(otlp === null ? {} : { ANNEAL_KUBE_OTLP_ENDPOINT: otlp }),
    ANNEAL_SANDBOX: sandboxText(sandbox),
  };
}

function readKept(home: string): Deployment | undefined {
  try {
    return deployment.parse(JSON.parse(readFileSync(deploymentPath(home), 'utf8')));
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && (failure.code === 'ENOENT' || failure.code === 'ENOTDIR'))
      return undefined;
    throw new AnnealError('cli.usage', `${deploymentPath(home)} is damaged`, { cause: failure });
  }
}

/** One machine has none to make pods on. */
const noCluster = (sandbox: SandboxSetting): Problem => ({
  code: 'cli.usage',
  path: 'ANNEAL_SANDBOX',
  expected: 'bubblewrap: pods are for ANNEAL_COMPUTE=kubernetes',
  got: sandboxText(sandbox),
  hint: 'Unset it, or name the cluster: docs/kubernetes.md.',
});

function refusal(problems: readonly Problem[]): AnnealError {
  return new AnnealError('cli.usage', 'settings are missing, or contradict each other', {
    problems,
  });
}
