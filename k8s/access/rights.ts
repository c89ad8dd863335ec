// Every right that the service accounts of worker and gateway have, verb by verb, with what it is for. This is the only list:
// roles are made from it (roles.ts), the chart is compared with it, and a preflight asks for it (preflight.ts).
//
// Left out on purpose: pods/exec, pods/attach and pods/portforward (a way into a pod is a way around the job contract), writing
// pods (they belong to jobs and sets), listing secrets (that shows all of them), and writing nodes (quarantine is kept by the runner).

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete';

/** What a deployment may do without, and then needs no right for. */
export const FEATURES = ['jobset', 'leaderworkerset', 'kueue', 'volumes'] as const;
export type Feature = (typeof FEATURES)[number];

export interface Right {
  /** '' for the core API. */
  readonly group: string;
  /** `jobs`, `pods/log` */
  readonly resource: string;
  readonly verbs: readonly Verb[];
  /** Only objects of these names. */
  readonly names?: readonly string[];
  readonly scope: 'namespace' | 'cluster';
  readonly feature?: Feature;
  /** Completes "so that it can …". */
  readonly purpose: string;
}

export interface RightsRequest {
  /** Where jobs and policy servers run. */
  readonly gpuNamespace: string;
  /** Secrets of that namespace that pods refer to. */
  readonly secrets: readonly string[];
  readonly features?: readonly Feature[];
}

/** Objects that are created once, looked at and removed. */
const OWNED = ['get', 'list', 'watch', 'create', 'delete'] as const;
/** Objects that are written by server-side apply (a `patch`, and a `create` where there is none yet). */
const APPLIED = ['get', 'list', 'create', 'patch', 'delete'] as const;
const SERVERS = ['get', 'list', 'watch', 'create', 'patch', 'delete'] as const;
const READ = ['get', 'list', 'watch'] as const;

export function workerRights({ gpuNamespace, secrets, features = FEATURES }: RightsRequest): readonly Right[] {
  const all: readonly Right[] = [
    inNamespace('batch', 'jobs', OWNED, 'start, follow and end trainers'),
    inNamespace('jobset.x-k8s.io', 'jobsets', OWNED, 'start, follow and end trainers', 'jobset'),
    inNamespace('apps', 'deployments', SERVERS, 'run policy servers'),
    inNamespace(
      'leaderworkerset.x-k8s.io',
      'leaderworkersets',
      SERVERS,
      'run engines of vLLM, also over several nodes',
      'leaderworkerset',
    ),
    inNamespace('', 'services', APPLIED, 'give policy servers an address'),
    inNamespace('', 'configmaps', APPLIED, 'keep the object that owns everything of a campaign'),
    inNamespace(
      'networking.k8s.io',
      'networkpolicies',
      ['list', 'create', 'patch'],
      "let a campaign's pods reach each other",
    ),
    inNamespace('', 'pods', READ, 'see what became of a job'),
    inNamespace('', 'pods/log', ['get'], 'read the log of a pod that could not leave it in the store'),
    inNamespace('', 'events', ['list', 'watch'], 'tell why a pod does not start'),
    inNamespace('kueue.x-k8s.io', 'workloads', READ, 'tell why a job is not admitted', 'kueue'),
    inNamespace('kueue.x-k8s.io', 'localqueues', ['get', 'list'], 'refuse a queue that is not there', 'kueue'),
    {
      ...inNamespace('', 'namespaces', ['get'], 'refuse a namespace that is not there'),
      names: [gpuNamespace],
    },
    {
      ...inNamespace('', 'secrets', ['get'], 'refuse a secret that lacks a key before a pod waits for it'),
      names: [...secrets].sort(),
    },
    inNamespace('', 'persistentvolumeclaims', ['get'], 'refuse a volume that is not there', 'volumes'),
    inCluster('', 'nodes', READ, 'keep away from nodes that are lost or sick'),
    inCluster('scheduling.k8s.io', 'priorityclasses', ['get'], 'refuse a priority class that is not there'),
  ];
  return all.filter(({ resource, feature, names }) => {
    if (feature !== undefined && !features.includes(feature)) return false;
    // A rule with an empty list of names would be one for all names.
    return resource !== 'secrets' || names?.length !== 0;
  });
}

/**
 * What sandboxes in pods take where they have a namespace of their own. Where trainers run the worker has all of it already. Pods are
 * neither written nor entered, and no secret is read: there is to be none.
 */
export const sandboxRights = (): readonly Right[] => [
  inNamespace('batch', 'jobs', ['get', 'create', 'delete'], 'run an untrusted program and end it'),
  inNamespace('', 'configmaps', ['get', 'create'], 'give it its files'),
  inNamespace('networking.k8s.io', 'networkpolicies', ['create', 'patch'], 'deny it every connection'),
  inNamespace('', 'pods', ['list'], 'see what became of it'),
  inNamespace('', 'pods/log', ['get'], 'read what it said'),
  inNamespace('', 'events', ['list'], 'tell why it does not start'),
];

/** The gateway asks the cluster one thing: where the policy servers of a campaign are. */
export const gatewayRights = (): readonly Right[] => [inNamespace('', 'pods', ['list'], 'find policy servers')];

/** `jobs.batch`, `pods/log`: as Kubernetes' own messages write it. */
export const nameOf = ({ group, resource }: Right): string => (group === '' ? resource : `${resource}.${group}`);

function inNamespace(
  group: string,
  resource: string,
  verbs: readonly Verb[],
  purpose: string,
  feature?: Feature,
): Right {
  return { group, resource, verbs, scope: 'namespace', purpose, ...(feature === undefined ? {} : { feature }) };
}

function inCluster(group: string, resource: string, verbs: readonly Verb[], purpose: string): Right {
  return { group, resource, verbs, scope: 'cluster', purpose };
}
