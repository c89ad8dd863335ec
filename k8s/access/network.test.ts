// Who may reach whom, by a reading of the specification of NetworkPolicy that stands in this file: no network plugin is asked.
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../manifests/manifest.ts';
import { campaignPolicy, namespacePolicies } from './network.ts';

interface Pod {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}
interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
}
interface Peer {
  readonly namespaceSelector?: Selector;
  readonly podSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface Spec {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly { readonly from: readonly Peer[] }[];
  readonly egress?: readonly { readonly to: readonly Peer[] }[];
}

const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' };
const policies = [
  ...namespacePolicies({
    gpuNamespace: 'gpu',
    controlNamespace: 'control',
    store: { cidrs: ['0.0.0.0/0', '::/0', '10.0.0.8/32'], ports: [443] },
    dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
    collector: { namespaces: ['monitoring'], cidrs: [], ports: [4318] },
  }),
  campaignPolicy({ namespace: 'gpu', campaign: 'one', owner }),
  campaignPolicy({ namespace: 'gpu', campaign: 'two', owner }),
];

const ours = (role: string, campaign: string): Pod => ({
  namespace: 'gpu',
  labels: {
    'app.kubernetes.io/managed-by': 'anneal',
    'anneal.dev/role': role,
    'anneal.dev/campaign': campaign,
  },
});
const control = (component: string, namespace = 'control'): Pod => ({
  namespace,
  labels: { 'app.kubernetes.io/part-of': 'anneal', 'app.kubernetes.io/component': component },
});
const PODS = {
  gateway: control('gateway'),
  worker: control('worker'),
  'other of control': control('console'),
  'gateway elsewhere': control('gateway', 'elsewhere'),
  'stranger of control': { namespace: 'control', labels: {} },
  stranger: { namespace: 'gpu', labels: {} },
  dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  collector: { namespace: 'monitoring', labels: {} },
  'trainer one': ours('trainer', 'one'),
  'server one': ours('policy-server', 'one'),
  'rank one': ours('policy-server-rank', 'one'),
  'trainer two': ours('trainer', 'two'),
  'server two': ours('policy-server', 'two'),
} as const satisfies Record<string, Pod>;
type Name = keyof typeof PODS;

const matches = (selector: Selector | undefined, labels: Pod['labels']): boolean =>
  Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
  (selector?.matchExpressions ?? []).every(({ key, values }) => values.includes(labels[key] ?? ''));

function isPeer(peer: Peer, of: Manifest, pod: Pod): boolean {
  if (peer.ipBlock !== undefined) return false;
  const where =
    peer.namespaceSelector === undefined
      ? pod.namespace === of.metadata.namespace
      : matches(peer.namespaceSelector, { 'kubernetes.io/metadata.name': pod.namespace });
  return where && matches(peer.podSelector, pod.labels);
}

/** A pod that no policy selects for a direction is open in it; one that some select is open to what any of them names. */
function isOpen(direction: 'Ingress' | 'Egress', pod: Pod, other: Pod): boolean {
  const selecting = policies.filter(({ metadata, spec }) => {
    const { podSelector, policyTypes } = spec as Spec;
    return metadata.namespace === pod.namespace && policyTypes.includes(direction) && matches(podSelector, pod.labels);
  });
  return (
    selecting.length === 0 ||
    selecting.some((of) => {
      const spec = of.spec as Spec;
      const peers =
        direction === 'Ingress'
          ? (spec.ingress ?? []).flatMap(({ from }) => from)
          : (spec.egress ?? []).flatMap(({ to }) => to);
      return peers.some((peer) => isPeer(peer, of, other));
    })
  );
}

const reaches = (from: Name, to: Name): boolean =>
  isOpen('Egress', PODS[from], PODS[to]) && isOpen('Ingress', PODS[to], PODS[from]);
const whoReaches = (to: Name): Name[] =>
  (Object.keys(PODS) as Name[]).filter((from) => from !== to && reaches(from, to));

describe('in the namespace of jobs and policy servers', () => {
  it('a policy server hears the gateway, the worker and its own campaign', () => {
    expect(whoReaches('server one')).toEqual(['gateway', 'worker', 'trainer one', 'rank one']);
    // A second pod of the same server, and a second rank.
    expect(reaches('server one', 'server one')).toBe(true);
    expect(reaches('trainer one', 'trainer one')).toBe(true);
  });

  it('a trainer, and a rank that is not asked, hear their own campaign only', () => {
    expect(whoReaches('trainer one')).toEqual(['server one', 'rank one']);
    expect(whoReaches('rank one')).toEqual(['trainer one', 'server one']);
  });

  it('whatever else is there hears and reaches nobody', () => {
    expect(whoReaches('stranger')).toEqual([]);
    expect((Object.keys(PODS) as Name[]).filter((to) => reaches('stranger', to))).toEqual([]);
  });

  it('trainers reach the collector of spans, and nothing else of ours does', () => {
    expect(whoReaches('collector').filter((from) => PODS[from].namespace === 'gpu')).toEqual([
      'trainer one',
      'trainer two',
    ]);
    expect(reaches('collector', 'trainer one')).toBe(false);
  });

  it('pods of ours reach names, the store, and no metadata service', () => {
    for (const from of ['trainer one', 'server two'] as const) expect(reaches(from, 'dns')).toBe(true);
    const blocks = policies
      .flatMap(({ spec }) => ((spec as Spec).egress ?? []).flatMap(({ to }) => to))
      .flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock]));
    expect(blocks).toEqual([
      { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] },
      { cidr: '::/0', except: ['fe80::/10', 'fd00:ec2::254/128'] },
      { cidr: '10.0.0.8/32' },
    ]);
  });
});

it('no campaign’s name makes its policy one of the namespace’s', () => {
  const names = policies.map(({ metadata }) => metadata.name);
  for (const campaign of ['default-deny', 'policy-servers', 'store-and-dns'])
    expect(names).not.toContain(campaignPolicy({ namespace: 'gpu', campaign, owner }).metadata.name);
});
