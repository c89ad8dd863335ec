// What is built: each program's module (a folder of modules/ with go.mod and go.sum, which pin it) and package in it.

/** Kubernetes takes its own version from the linker; components compare it. Must be what modules/kubernetes/go.mod requires. */
export const KUBERNETES_VERSION = '1.35.4';

export interface Program {
  /** The folder below modules/. */
  readonly module: string;
  readonly package: string;
  readonly linkerFlags?: string;
  /** A change to the one file of the package, where a program cannot be told otherwise. */
  readonly patch?: { readonly module: string; readonly file: string; readonly from: string; readonly to: string };
  /** YAML taken from the sources that the binary is built from, so that both are always of one version. */
  readonly manifests?: { readonly module: string; readonly crds: string; readonly webhooks: string };
}

const kubernetes = (name: string): Program => ({
  module: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  linkerFlags: Object.entries({
    gitVersion: `v${KUBERNETES_VERSION}`,
    gitMajor: KUBERNETES_VERSION.split('.')[0],
    gitMinor: KUBERNETES_VERSION.split('.')[1],
    gitTreeState: 'clean',
  })
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' '),
});

export const PROGRAMS = {
  pki: { module: 'own', package: 'anneal.testbed/own/pki' },
  pause: { module: 'own', package: 'anneal.testbed/own/pause' },
  forward: { module: 'own', package: 'anneal.testbed/own/forward' },
  etcd: { module: 'etcd', package: 'go.etcd.io/etcd/server/v3' },
  'kube-apiserver': kubernetes('kube-apiserver'),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  kubelet: kubernetes('kubelet'),
  'kube-proxy': kubernetes('kube-proxy'),
  kubectl: { ...kubernetes('kubectl'), module: 'kubectl' },
  kwok: { module: 'kwok', package: 'sigs.k8s.io/kwok/cmd/kwok' },
  jobset: {
    module: 'jobset',
    package: 'sigs.k8s.io/jobset',
    manifests: {
      module: 'sigs.k8s.io/jobset',
      crds: 'config/components/crd/bases',
      webhooks: 'config/components/webhook',
    },
  },
  lws: {
    module: 'controllers',
    package: 'sigs.k8s.io/lws/cmd',
    manifests: { module: 'sigs.k8s.io/lws', crds: 'config/crd/bases', webhooks: 'config/webhook' },
  },
  kueue: {
    module: 'controllers',
    package: 'sigs.k8s.io/kueue/cmd/kueue',
    // It insists on a certificate below /etc even for metrics that it does not serve; the webhook's will do.
    patch: {
      module: 'sigs.k8s.io/kueue',
      file: 'cmd/kueue/main.go',
      from: 'metricsCertPath := "/etc/kueue/metrics/certs"',
      to: 'metricsCertPath := cfg.Webhook.CertDir',
    },
    manifests: {
      module: 'sigs.k8s.io/kueue',
      crds: 'config/components/crd/bases',
      webhooks: 'config/components/webhook',
    },
  },
  helm: { module: 'helm', package: 'helm.sh/helm/v4/cmd/helm' },
  // For the tests of metrics and traces; no testbed runs them.
  prometheus: { module: 'prometheus', package: 'github.com/prometheus/prometheus/cmd/prometheus' },
  promtool: { module: 'prometheus', package: 'github.com/prometheus/prometheus/cmd/promtool' },
  otelcol: { module: 'otelcol', package: 'anneal.testbed/otelcol/otelcol' },
  versitygw: { module: 'versitygw', package: 'github.com/versity/versitygw/cmd/versitygw' },
  'temporal-server': { module: 'temporal', package: 'go.temporal.io/server/cmd/server' },
} as const satisfies Record<string, Program>;

export type BinaryName = keyof typeof PROGRAMS;

export function programOf(name: BinaryName): Program {
  return PROGRAMS[name];
}
