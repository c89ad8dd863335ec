// The few requests about workloads that a runner makes. Every one may be repeated: what was created before is found again.
import type { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import { FIELD_MANAGER } from '../labels.ts';
import type { Manifest } from '../manifests/manifest.ts';
import {
  listOf,
  type NetworkPolicy,
  networkPolicy,
  type Pod,
  pod,
  type QueueEntry,
  queueEntry,
  type Workload,
  workload,
} from './objects.ts';
import type { Cluster } from './request.ts';

/** Objects in one page of a list: a cluster with 10,000 pods answers in several. */
const PAGE = 500;

export interface Workloads {
  /** Creates an object, or returns the one that bears its name. */
  create(manifest: Manifest): Promise<{ readonly created: boolean; readonly found: Workload }>;
  /** Server-side apply: for what is shared and may be written again, such as ConfigMaps and policies. */
  apply(manifest: Manifest): Promise<Workload>;
  read(kind: string, namespace: string, name: string): Promise<Workload | undefined>;
  list(kind: string, namespace: string, labels: Readonly<Record<string, string>>): Promise<Workload[]>;
  pods(namespace: string, labels: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Pod[]>;
  /** What Kueue keeps of jobs, one object a job. @throws AnnealError `cluster.missing_crd` where Kueue is not installed */
  queueEntries(
    namespace: string,
    labels: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<QueueEntry[]>;
  networkPolicies(namespace: string): Promise<NetworkPolicy[]>;
  /**
   * Its pods get SIGTERM and their grace period. The object stays visible until they are gone; told `Background`, also of one that
   * is being deleted, it goes before them.
   */
  remove(kind: string, namespace: string, name: string, how?: 'Foreground' | 'Background'): Promise<void>;
}

/** Where the kinds of ours live. */
const PATHS: Readonly<Record<string, { readonly api: string; readonly plural: string }>> = {
  Job: { api: '/apis/batch/v1', plural: 'jobs' },
  JobSet: { api: '/apis/jobset.x-k8s.io/v1alpha2', plural: 'jobsets' },
  Deployment: { api: '/apis/apps/v1', plural: 'deployments' },
  LeaderWorkerSet: { api: '/apis/leaderworkerset.x-k8s.io/v1', plural: 'leaderworkersets' },
  LocalQueue: { api: '/apis/kueue.x-k8s.io/v1beta2', plural: 'localqueues' },
  Workload: { api: '/apis/kueue.x-k8s.io/v1beta2', plural: 'workloads' },
  ConfigMap: { api: '/api/v1', plural: 'configmaps' },
  Service: { api: '/api/v1', plural: 'services' },
  Pod: { api: '/api/v1', plural: 'pods' },
  NetworkPolicy: { api: '/apis/networking.k8s.io/v1', plural: 'networkpolicies' },
};

export function pathOf(kind: string, namespace: string, name?: string): string {
  const at = PATHS[kind];
  if (at === undefined) throw new AnnealError('internal.bug', `no path is known for the kind ${kind}`);
  return `${at.api}/namespaces/${namespace}/${at.plural}${name === undefined ? '' : `/${name}`}`;
}

export function createWorkloads(cluster: Cluster): Workloads {
  async function listAll<T extends z.ZodType>(
    path: string,
    labels: Readonly<Record<string, string>>,
    item: T,
    signal?: AbortSignal,
  ): Promise<z.infer<T>[]> {
    const labelSelector = Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(',');
    const items: z.infer<T>[] = [];
    let next: string | undefined;
    do {
      const query = { labelSelector, limit: PAGE, continue: next };
      const answer = await cluster.ask({ method: 'GET', path, query }, [410], signal);
      // The pages' snapshot has expired: from the start. (An empty list would mean that nothing runs.)
      if (answer.status === 410) return listAll(path, labels, item, signal);
      const page = listOf(item).parse(answer.body);
      items.push(...(page.items as z.infer<T>[]));
      next = page.metadata.continue === '' ? undefined : page.metadata.continue;
    } while (next !== undefined);
    return items;
  }

  async function read(kind: string, namespace: string, name: string): Promise<Workload | undefined> {
    const { status, body } = await cluster.ask({ method: 'GET', path: pathOf(kind, namespace, name) }, [404]);
    return status === 404 ? undefined : workload.parse(body);
  }

  return {
    read,

    async create(manifest) {
      const { namespace, name } = manifest.metadata;
      for (;;) {
        const ask = { method: 'POST', path: pathOf(manifest.kind, namespace), body: manifest } as const;
        const answer = await cluster.ask(ask, [409]);
        if (answer.status !== 409) return { created: true, found: workload.parse(answer.body) };
        const found = await read(manifest.kind, namespace, name);
        // Deleted in between: its name is free.
        if (found !== undefined) return { created: false, found };
      }
    },

    async apply(manifest) {
      const answer = await cluster.ask({
        method: 'PATCH',
        path: pathOf(manifest.kind, manifest.metadata.namespace, manifest.metadata.name),
        query: { fieldManager: FIELD_MANAGER, force: true },
        body: manifest,
        contentType: 'application/apply-patch+yaml',
      });
      return workload.parse(answer.body);
    },

    list: (kind, namespace, labels) => listAll(pathOf(kind, namespace), labels, workload),
    pods: (namespace, labels, signal) => listAll(pathOf('Pod', namespace), labels, pod, signal),
    queueEntries: (namespace, labels, signal) => listAll(pathOf('Workload', namespace), labels, queueEntry, signal),
    networkPolicies: (namespace) => listAll(pathOf('NetworkPolicy', namespace), {}, networkPolicy),

    async remove(kind, namespace, name, how = 'Foreground') {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: how };
      await cluster.ask({ method: 'DELETE', path: pathOf(kind, namespace, name), body }, [404, 409]);
    },
  };
}
