// Whether what jobs refer to is on the cluster: the namespace, the APIs, the secrets with their keys, queue and priority class.
import { z } from 'zod';
import { asAnnealError, type Problem } from '../../contracts/errors.ts';
import type { Cluster } from '../cluster/request.ts';
import { type HeldToken, hashOfToken } from './policy-token.ts';
import type { Feature } from './rights.ts';

export interface ClaimNeed {
  readonly name: string;
  /** Written by pods of several nodes. */
  readonly shared: boolean;
  readonly purpose: string;
}

const API: Readonly<Record<Installed, { group: string; version: string; plural: string; by: string }>> = {
  jobset: {
    group: 'jobset.x-k8s.io',
    version: 'v1alpha2',
    plural: 'jobsets',
    by: 'Install JobSet, or choose workload: job, which every cluster has.',
  },
  leaderworkerset: {
    group: 'leaderworkerset.x-k8s.io',
    version: 'v1',
    plural: 'leaderworkersets',
    by: 'Install LeaderWorkerSet, or choose a profile whose engines fit into one node.',
  },
  kueue: {
    group: 'kueue.x-k8s.io',
    version: 'v1beta2',
    plural: 'workloads',
    by: 'Install Kueue, or choose a profile without scheduling.queue.',
  },
};

/** Features that somebody has to install; the others every cluster has. */
type Installed = Exclude<Feature, 'volumes'>;
const isInstalled = (feature: Feature): feature is Installed => feature !== 'volumes';

const namespaceObject = z.object({
  metadata: z.object({ deletionTimestamp: z.string().nullish() }).prefault({}),
});

export async function namespaceProblems(cluster: Cluster, namespace: string): Promise<Problem[]> {
  const path = `namespaces/${namespace}`;
  const found = await read(cluster, `/api/v1/${path}`);
  const hint = `Create it, with the chart (gpu.create=true) or by hand; Anneal itself creates no namespaces.`;
  if (found === undefined) return [missing(path, 'a namespace for jobs and policy servers', hint)];
  if (!namespaceObject.parse(found).metadata.deletionTimestamp) return [];
  return [{ ...missing(path, 'a namespace for jobs and policy servers', hint), got: 'one that is being deleted' }];
}

const resources = z.object({ resources: z.array(z.object({ name: z.string() })).default([]) });
const versions = z.object({ versions: z.array(z.object({ version: z.string() })).default([]) });

/** By discovery, which every authenticated user may ask, so that no right to read definitions is needed. */
export async function apiProblems(cluster: Cluster, features: readonly Feature[]): Promise<Problem[]> {
  const all = features.filter(isInstalled).map(async (feature): Promise<Problem[]> => {
    const { group, version, plural, by } = API[feature];
    const found = await read(cluster, `/apis/${group}/${version}`);
    if (found !== undefined && resources.parse(found).resources.some(({ name }) => name === plural)) return [];
    const others = await read(cluster, `/apis/${group}`);
    const served = others === undefined ? [] : versions.parse(others).versions.map((one) => one.version);
    return [
      {
        code: 'cluster.missing_crd',
        path: `${plural}.${group}`,
        expected: `${group}/${version} with ${plural}`,
        got: served.length === 0 ? 'no such API' : `only ${served.join(', ')}`,
        hint: by,
      },
    ];
  });
  return (await Promise.all(all)).flat();
}

const secretObject = z.object({ data: z.record(z.string(), z.string()).default({}) });

/** Values are looked at no further than whether they are empty, and whether a token is the one that is held; they are never shown. */
export async function secretProblems(
  cluster: Cluster,
  namespace: string,
  {
    name,
    keys,
    held,
  }: { readonly name: string; readonly keys: readonly string[]; readonly held?: HeldToken | undefined },
): Promise<Problem[]> {
  const path = `namespaces/${namespace}/secrets/${name}`;
  const expected = `a secret with ${keys.join(' and ')}`;
  const found = await read(cluster, `/api/v1/${path}`);
  const literals = (which: readonly string[]): string => which.map((key) => `--from-literal=${key}=…`).join(' ');
  if (found === undefined) {
    const command = `kubectl create secret generic ${name} --namespace ${namespace} ${literals(keys)}`;
    return [missing(path, expected, `Create it: ${command}`)];
  }
  const { data } = secretObject.parse(found);
  const lacking = keys.filter((key) => (data[key] ?? '') === '');
  if (lacking.length === 0) return held === undefined ? [] : tokenProblems({ namespace, name }, data, held);
  const hint = `Add ${lacking.join(' and ')} to it; a pod without it cannot reach the store.`;
  return [{ ...missing(path, expected, hint), got: `no ${lacking.join(' and no ')}` }];
}

function tokenProblems(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  data: Readonly<Record<string, string>>,
  held: HeldToken,
): Problem[] {
  const token = Buffer.from(data.token ?? '', 'base64').toString('utf8');
  if (hashOfToken(token) === held.sha256) return [];
  const show = `kubectl get secret ${name} --namespace ${namespace} -o jsonpath='{.data.token}' | base64 -d`;
  return [
    {
      code: 'policy.unauthorised',
      path: `namespaces/${namespace}/secrets/${name}`,
      expected: `the token that ${held.file} holds`,
      got: 'another one',
      hint: `Where the secret is right, write it into the file: ${show} > ${held.file}. What runs with the old one must be started anew.`,
    },
  ];
}

export async function queueProblems(cluster: Cluster, namespace: string, queue: string): Promise<Problem[]> {
  const path = `namespaces/${namespace}/localqueues/${queue}`;
  // Without the API itself the answer is the same; that is a problem of its own.
  const found = await read(cluster, `/apis/${API.kueue.group}/${API.kueue.version}/${path}`);
  if (found !== undefined) return [];
  return [missing(path, "the LocalQueue of the profile's scheduling.queue", 'Create it; a job would wait for ever.')];
}

export async function classProblems(cluster: Cluster, name: string): Promise<Problem[]> {
  const path = `priorityclasses/${name}`;
  if ((await read(cluster, `/apis/scheduling.k8s.io/v1/${path}`)) !== undefined) return [];
  const hint =
    'Create it (the chart does by priorityClasses.create); without it a job has no pods, and no error either.';
  return [missing(path, "the profile's scheduling.priorityClass", hint)];
}

const claimObject = z.object({
  spec: z.object({ accessModes: z.array(z.string()).default([]) }).prefault({}),
  status: z.object({ phase: z.string().default('Pending') }).prefault({}),
});

/** One that is not bound yet may wait for its first pod. */
export async function claimProblems(cluster: Cluster, namespace: string, need: ClaimNeed): Promise<Problem[]> {
  const path = `namespaces/${namespace}/persistentvolumeclaims/${need.name}`;
  const expected = `a volume for ${need.purpose}`;
  const found = await read(cluster, `/api/v1/${path}`);
  if (found === undefined) return [missing(path, expected, "Create it; the profile's storage names it.")];
  const { spec, status } = claimObject.parse(found);
  const hint = 'Give the claim a volume that does.';
  if (status.phase === 'Lost') return [{ ...missing(path, expected, hint), got: 'one that has lost its volume' }];
  if (!need.shared || spec.accessModes.includes('ReadWriteMany')) return [];
  return [{ ...missing(path, `${expected}, which several nodes write`, hint), got: spec.accessModes.join(', ') }];
}

/** Undefined when it is not there, or when nothing of its kind can be. */
async function read(cluster: Cluster, path: string): Promise<unknown> {
  try {
    return (await cluster.ask({ method: 'GET', path })).body;
  } catch (failure) {
    const { code } = asAnnealError(failure);
    if (code === 'cluster.not_found' || code === 'cluster.missing_crd') return undefined;
    throw failure;
  }
}

function missing(path: string, expected: string, hint: string): Problem {
  return { code: 'cluster.not_found', path, expected, got: 'nothing of that name', hint };
}
