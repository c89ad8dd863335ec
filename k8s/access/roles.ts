// The rights as manifests: a service account beside its process, a Role where jobs run, a ClusterRole for what has no namespace.
import { MANAGED_BY, MANAGER } from '../labels.ts';
import { gatewayRights, type Right, type RightsRequest, sandboxRights, workerRights } from './rights.ts';

/** Unlike a `Manifest`, it may be an object without a namespace. */
export interface AccessManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly [member: string]: unknown;
}

/** A service account and where its rights hold. */
export interface AccountRequest {
  /** Of the service account and of its roles. */
  readonly name: string;
  /** Where the process runs. */
  readonly controlNamespace: string;
  /** Where jobs and policy servers run. */
  readonly gpuNamespace: string;
}
export type WorkerRolesRequest = AccountRequest & RightsRequest;

const RBAC = 'rbac.authorization.k8s.io';

export const workerRoles = (request: WorkerRolesRequest): AccessManifest[] => rolesOf(request, workerRights(request));
/** Beside those of `workerRoles`: where sandboxes are pods of a namespace of their own. */
export function sandboxRoles({
  name,
  controlNamespace,
  sandboxNamespace: namespace,
}: Pick<AccountRequest, 'name' | 'controlNamespace'> & { readonly sandboxNamespace: string }): AccessManifest[] {
  const place = { name: `${name}-sandboxes`, namespace };
  return [
    role('Role', place, sandboxRights()),
    binding('Role', place, [{ kind: 'ServiceAccount', name, namespace: controlNamespace }]),
  ];
}
export const gatewayRoles = (request: AccountRequest): AccessManifest[] => rolesOf(request, gatewayRights());

function rolesOf({ name, controlNamespace, gpuNamespace }: AccountRequest, rights: readonly Right[]): AccessManifest[] {
  const subjects = [{ kind: 'ServiceAccount', name, namespace: controlNamespace }];
  const inside = rights.filter(({ scope }) => scope === 'namespace');
  const outside = rights.filter(({ scope }) => scope === 'cluster');
  // Two installations in two namespaces must not write each other's.
  const clusterName = `${controlNamespace}-${name}`;
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: controlNamespace, labels: LABELS },
      // The pod that needs the token mounts it by its own setting.
      automountServiceAccountToken: false,
    },
    role('Role', { name, namespace: gpuNamespace }, inside),
    binding('Role', { name, namespace: gpuNamespace }, subjects),
    ...(outside.length === 0
      ? []
      : [role('ClusterRole', { name: clusterName }, outside), binding('ClusterRole', { name: clusterName }, subjects)]),
  ];
}

interface Place {
  readonly name: string;
  readonly namespace?: string;
}

function role(kind: string, place: Place, rights: readonly Right[]): AccessManifest {
  return {
    apiVersion: `${RBAC}/v1`,
    kind,
    metadata: { ...place, labels: LABELS },
    rules: rights.map(({ group, resource, verbs, names }) => ({
      apiGroups: [group],
      resources: [resource],
      ...(names === undefined ? {} : { resourceNames: [...names] }),
      verbs: [...verbs],
    })),
  };
}

function binding(kind: string, place: Place, subjects: readonly object[]): AccessManifest {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: `${kind}Binding`,
    metadata: { ...place, labels: LABELS },
    roleRef: { apiGroup: RBAC, kind, name: place.name },
    subjects,
  };
}

const LABELS = { [MANAGED_BY]: MANAGER } as const;
