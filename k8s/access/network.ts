// Who may reach whom where jobs and policy servers run. Everything is denied but what stands here. The first three policies are
// the namespace's (the chart installs them); a campaign's own comes and goes with it, since only it knows its name.
//
// A policy server's development endpoints load weights and run code: none but the orchestrator and the campaign's own trainer
// may reach them. Policies are enforced by a cluster's network plugin; one that knows none (the testbed's) ignores them.
import { CAMPAIGN, MANAGED_BY, MANAGER, ROLE, ROLES } from '../labels.ts';
import type { Manifest, OwnerReference } from '../manifests/manifest.ts';

/** Which of our processes a pod of the control namespace is; the chart sets it. */
export const COMPONENT = 'app.kubernetes.io/component';
export const PART_OF = 'app.kubernetes.io/part-of';
/** Of these, processes that talk to policy servers. */
const CALLERS = ['gateway', 'worker'] as const;

export interface NetworkRequest {
  readonly gpuNamespace: string;
  readonly controlNamespace: string;
  readonly store: {
    /** `0.0.0.0/0` leaves out the addresses of machines' metadata, where a node's own credentials are to be had. */
    readonly cidrs: readonly string[];
    readonly ports: readonly number[];
  };
  readonly dns: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
  /** Where trainers send their spans, by namespaces of this cluster, by addresses outside of it, or both; undefined: they send none. */
  readonly collector?: {
    readonly namespaces: readonly string[];
    readonly cidrs: readonly string[];
    readonly ports: readonly number[];
  };
}

/** A cloud's metadata addresses hand out the credentials of the machine to whoever asks. */
const METADATA: Readonly<Record<string, readonly string[]>> = {
  '0.0.0.0/0': ['169.254.0.0/16'],
  '::/0': ['fe80::/10', 'fd00:ec2::254/128'],
};

export function namespacePolicies(request: NetworkRequest): Manifest[] {
  const { gpuNamespace: namespace, controlNamespace } = request;
  const callers = {
    ...inNamespace(controlNamespace),
    podSelector: {
      matchLabels: { [PART_OF]: MANAGER },
      matchExpressions: [{ key: COMPONENT, operator: 'In', values: [...CALLERS] }],
    },
  };
  return [
    policy(namespace, 'anneal-default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    policy(namespace, 'anneal-store-and-dns', {
      podSelector: { matchLabels: { [MANAGED_BY]: MANAGER } },
      policyTypes: ['Egress'],
      egress: [toDns(request), toBlocks(request.store)],
    }),
    ...toCollector(request),
    policy(namespace, 'anneal-policy-servers', {
      podSelector: { matchLabels: { [ROLE]: ROLES.server } },
      policyTypes: ['Ingress'],
      ingress: [{ from: [callers] }],
    }),
  ];
}

/** Where sandboxes are pods of a namespace of their own. What the worker adds (k8s/sandbox) names their role; this, nobody. */
export const sandboxPolicies = (namespace: string): Manifest[] => [
  policy(namespace, 'anneal-default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
];

export const DIRECTIONS = ['Ingress', 'Egress'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/**
 * The pods of one campaign among themselves, on all ports: ranks find each other by ports that they choose, weights go from
 * trainer to server over connections that either side opens, and a server that spans nodes is several pods.
 */
export function campaignPolicy(of: {
  readonly namespace: string;
  readonly campaign: string;
  readonly owner: OwnerReference;
  /** Those in which the namespace denies what no policy names. In another, this policy would shut the pods off from all the rest. */
  readonly denied?: readonly Direction[];
}): Manifest {
  const denied = of.denied ?? DIRECTIONS;
  const own = {
    podSelector: {
      matchLabels: { [CAMPAIGN]: of.campaign },
      matchExpressions: [{ key: ROLE, operator: 'In', values: Object.values(ROLES) }],
    },
  };
  // A prefix of its own: no campaign's name can make it one of the namespace's policies.
  const base = policy(of.namespace, `anneal-campaign-${of.campaign}`, {
    ...own,
    policyTypes: [...denied],
    ...(denied.includes('Ingress') ? { ingress: [{ from: [own] }] } : {}),
    ...(denied.includes('Egress') ? { egress: [{ to: [own] }] } : {}),
  });
  const labels = { ...base.metadata.labels, [CAMPAIGN]: of.campaign };
  return { ...base, metadata: { ...base.metadata, labels, ownerReferences: [of.owner] } };
}

export interface ControlRequest {
  readonly namespace: string;
  /** Helm's release, by which pods of two installations in one namespace are told apart. */
  readonly instance: string;
  readonly gateway: { readonly name: string; readonly port: number };
  readonly worker: { readonly name: string };
  /** Of both; a port of its own, so that it may be opened to the monitoring alone. */
  readonly metricsPort: number;
  /** Namespaces from which metrics are read. */
  readonly metricsFrom: readonly string[];
}

/** Worker and gateway: nobody calls a worker, and only workers call the gateway; both are asked for their metrics. */
export function controlPolicies(request: ControlRequest): Manifest[] {
  const { namespace, instance, gateway, worker } = request;
  const pods = (component: string) => ({
    podSelector: {
      matchLabels: {
        'app.kubernetes.io/name': `anneal-${component}`,
        'app.kubernetes.io/instance': instance,
        [PART_OF]: MANAGER,
        [COMPONENT]: component,
      },
    },
  });
  const from = (peers: readonly object[], port: number) => ({ from: [...peers], ports: [{ protocol: 'TCP', port }] });
  // A rule that names nobody would let in everybody.
  const monitoring =
    request.metricsFrom.length === 0 ? [] : [from(request.metricsFrom.map(inNamespace), request.metricsPort)];
  return [
    policy(namespace, gateway.name, {
      ...pods('gateway'),
      policyTypes: ['Ingress'],
      ingress: [from([pods('worker')], gateway.port), ...monitoring],
    }),
    policy(namespace, worker.name, { ...pods('worker'), policyTypes: ['Ingress'], ingress: monitoring }),
  ];
}

function toDns({ dns }: NetworkRequest): object {
  return {
    to: [{ ...inNamespace(dns.namespace), podSelector: { matchLabels: { ...dns.labels } } }],
    ports: ['UDP', 'TCP'].map((protocol) => ({ protocol, port: 53 })),
  };
}

function toBlocks(of: { readonly cidrs: readonly string[]; readonly ports: readonly number[] }) {
  return {
    to: of.cidrs.map((cidr) => {
      const metadata = METADATA[cidr];
      return { ipBlock: { cidr, ...(metadata === undefined ? {} : { except: [...metadata] }) } };
    }),
    ports: of.ports.map((port) => ({ protocol: 'TCP', port })),
  };
}

/** For trainers alone: nothing in a policy server sends spans. */
function toCollector({ gpuNamespace, collector }: NetworkRequest): Manifest[] {
  if (collector === undefined) return [];
  const { to, ports } = toBlocks(collector);
  return [
    policy(gpuNamespace, 'anneal-collector', {
      podSelector: { matchLabels: { [ROLE]: ROLES.trainer } },
      policyTypes: ['Egress'],
      egress: [{ to: [...collector.namespaces.map(inNamespace), ...to], ports }],
    }),
  ];
}

const inNamespace = (name: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
});

function policy(namespace: string, name: string, spec: object): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels: { [MANAGED_BY]: MANAGER } },
    spec,
  };
}
