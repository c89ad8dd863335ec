// Asked before a campaign creates anything: does the cluster have what its jobs need, and may the caller use it? Every problem
// is found at once, by reading and by asking only, with no right beyond the worker's own.
import { z } from 'zod';
import { asAnnealError, ERRORS, type Problem } from '../../contracts/errors.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import type { Cluster } from '../cluster/request.ts';
import type { WorkloadKind } from '../manifests/trainer.ts';
import { askRights, rightsProblems } from './ask-rights.ts';
import { type NodeNeed, nodeNeeds, nodeProblems } from './node-supply.ts';
import type { HeldToken } from './policy-token.ts';
import {
  apiProblems,
  type ClaimNeed,
  claimProblems,
  classProblems,
  namespaceProblems,
  queueProblems,
  secretProblems,
} from './presence.ts';
import { type RightsRequest, sandboxRights, workerRights } from './rights.ts';

export interface SecretNeed {
  readonly name: string;
  /** Each must be there and not be empty. */
  readonly keys: readonly string[];
  /** What the caller holds of its `token`, which must be the same. */
  readonly held?: HeldToken | undefined;
}

export interface ClusterNeeds {
  readonly namespace: string;
  readonly workload: WorkloadKind;
  /** Policy servers are engines of vLLM: groups of pods. */
  readonly engines: boolean;
  /** Kueue's LocalQueue. */
  readonly queue: string | undefined;
  readonly priorityClass: string | undefined;
  readonly secrets: readonly SecretNeed[];
  /** Volumes that pods mount. */
  readonly claims: readonly ClaimNeed[];
  readonly nodes: readonly NodeNeed[];
  /** Where sandboxes are pods, if that is a namespace of their own. */
  readonly sandboxNamespace?: string | undefined;
}

/** What a store's secret holds: its keys become variables of a pod. */
export const STORE_KEYS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
/** What policy servers ask for, as a file. */
export const TOKEN_KEYS = ['token'] as const;

/** As in `ClusterSettings` (infra/deployment.ts). */
export interface Deployment {
  readonly namespace: string;
  readonly workload: WorkloadKind;
  /** Null where nodes or pods have a role that does it. */
  readonly storeSecret: string | null;
  readonly tokenSecret: string;
  readonly sandbox?: { readonly by: string; readonly namespace?: string | null };
}

/** @param held the token that policy servers will be asked with; undefined where only the secret can be looked at */
export function needsOf(profile: ProfileSpec, of: Deployment, held?: HeldToken): ClusterNeeds {
  return {
    namespace: of.namespace,
    workload: of.workload,
    engines: profile.rollout.server === 'vllm',
    queue: profile.scheduling.queue,
    priorityClass: profile.scheduling.priorityClass,
    secrets: [
      ...(of.storeSecret === null ? [] : [{ name: of.storeSecret, keys: STORE_KEYS }]),
      { name: of.tokenSecret, keys: TOKEN_KEYS, held },
    ],
    claims: claimNeeds(profile),
    nodes: nodeNeeds(profile),
    sandboxNamespace: of.sandbox?.namespace === of.namespace ? undefined : (of.sandbox?.namespace ?? undefined),
  };
}

function claimNeeds({ storage: { shared, model }, trainer }: ProfileSpec): ClaimNeed[] {
  const several = trainer.nodes > 1;
  return [
    ...(shared === undefined ? [] : [{ name: shared.claim, shared: several, purpose: 'resume checkpoints' }]),
    ...(model === undefined ? [] : [{ name: model.claim, shared: false, purpose: "the base model's checkpoint" }]),
  ];
}

export function rightsRequestOf(needs: ClusterNeeds): Required<RightsRequest> {
  return {
    gpuNamespace: needs.namespace,
    secrets: needs.secrets.map(({ name }) => name),
    features: [
      ...(needs.workload === 'jobset' ? (['jobset'] as const) : []),
      ...(needs.engines ? (['leaderworkerset'] as const) : []),
      ...(needs.queue === undefined ? [] : (['kueue'] as const)),
      ...(needs.claims.length === 0 ? [] : (['volumes'] as const)),
    ],
  };
}

/** All that is wrong; empty when nothing is. What the cluster says or fails to say is a problem, never an exception. */
export async function preflight(cluster: Cluster, needs: ClusterNeeds): Promise<Problem[]> {
  try {
    return await look(cluster, needs);
  } catch (failure) {
    const { code, message } = asAnnealError(failure);
    if (!code.startsWith('cluster.')) throw failure;
    const expected = 'an API server that knows the credentials and answers';
    return [{ code, path: cluster.server, expected, got: message, hint: ERRORS[code].action }];
  }
}

async function look(cluster: Cluster, needs: ClusterNeeds): Promise<Problem[]> {
  const user = await whoAmI(cluster);
  const request = rightsRequestOf(needs);
  const { namespace, queue, priorityClass } = needs;
  const asked = await askRights(cluster, workerRights(request), namespace);
  // What may not be read is named as a missing right; reading it would only say so again.
  const may = (resource: string): boolean =>
    asked.some(({ right, missing }) => right.resource === resource && !missing.includes('get'));
  const [sandboxes, where, apis, ...things] = await Promise.all([
    sandboxProblems(cluster, needs, user),
    may('namespaces') ? namespaceProblems(cluster, namespace) : [],
    apiProblems(cluster, request.features),
    queue !== undefined && may('localqueues') ? queueProblems(cluster, namespace, queue) : [],
    priorityClass !== undefined && may('priorityclasses') ? classProblems(cluster, priorityClass) : [],
    ...(may('secrets') ? needs.secrets.map((secret) => secretProblems(cluster, namespace, secret)) : []),
    ...(may('persistentvolumeclaims') ? needs.claims.map((claim) => claimProblems(cluster, namespace, claim)) : []),
    ...(may('nodes') ? needs.nodes.map((need) => nodeProblems(cluster, need)) : []),
  ]);
  const rights = rightsProblems(asked, namespace, user);
  // Of a namespace that is not there nothing more can be said: it has no roles and no secrets.
  if (where.length > 0)
    return [...where, ...apis, ...rights.filter(({ path }) => !path.startsWith('namespaces/')), ...sandboxes];
  return [...rights, ...apis, ...things.flat(), ...sandboxes];
}

/** Whether a pod can be made there is for a trial to say, which is the sandbox's own: a look makes nothing. */
async function sandboxProblems(cluster: Cluster, { sandboxNamespace }: ClusterNeeds, user: string): Promise<Problem[]> {
  if (sandboxNamespace === undefined) return [];
  const asked = await askRights(cluster, sandboxRights(), sandboxNamespace);
  return rightsProblems(asked, sandboxNamespace, user, 'sandbox.namespace');
}

const review = z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) });

/** Every authenticated user may ask it; an expired token is refused here. */
async function whoAmI(cluster: Cluster): Promise<string> {
  const { body } = await cluster.ask({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  return review.parse(body).status.userInfo.username;
}
