// etcd, the API server, the controller manager and the scheduler, on loopback ports.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { answers } from './api.ts';
import type { Component } from './component.ts';
import { networkOf } from './options.ts';
import { kubeconfigOf } from './pki.ts';
import type { Setup } from './setup.ts';

export function controlPlane(setup: Setup): Component[] {
  return [etcd(setup), apiServer(setup), controllerManager(setup), scheduler(setup)];
}

function etcd({ layout, port, binary }: Setup): Component {
  const client = `http://127.0.0.1:${port('etcd')}`;
  const peer = `http://127.0.0.1:${port('etcd-peer')}`;
  return {
    name: 'etcd',
    address: client,
    argv: [
      binary('etcd'),
      ...['--name=testbed', `--data-dir=${join(layout.run, 'etcd')}`, '--logger=zap', '--log-level=warn'],
      ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
      ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`, `--initial-cluster=testbed=${peer}`],
      // A killed etcd loses nothing: what it wrote is in the page cache. Only a power cut would show.
      '--unsafe-no-fsync',
      '--quota-backend-bytes=8589934592',
    ],
    prepare: async () => void (await mkdir(join(layout.run, 'etcd'), { recursive: true, mode: 0o700 })),
    ready: () => answers(`${client}/health`),
  };
}

function apiServer({ layout, port, binary, parts }: Setup): Component {
  const pki = (name: string): string => join(layout.pki, name);
  const network = networkOf(layout);
  const address = `https://127.0.0.1:${port('kube-apiserver')}`;
  return {
    name: 'kube-apiserver',
    address,
    argv: [
      binary('kube-apiserver'),
      `--etcd-servers=http://127.0.0.1:${port('etcd')}`,
      ...['--bind-address=127.0.0.1', `--secure-port=${port('kube-apiserver')}`],
      // Pods reach it by the first address of their network, where a forwarder listens.
      `--advertise-address=${network.gateway}`,
      ...(parts.includes('kubelet') ? [] : ['--endpoint-reconciler-type=none']),
      ...[`--tls-cert-file=${pki('apiserver.crt')}`, `--tls-private-key-file=${pki('apiserver.key')}`],
      `--client-ca-file=${pki('ca.crt')}`,
      ...['--authorization-mode=Node,RBAC', '--anonymous-auth=true'],
      // A pod that asks for GPUs tolerates their nodes' taint, as on managed clusters.
      '--enable-admission-plugins=NodeRestriction,ExtendedResourceToleration',
      // A node that says it is ready when it is created is: taking five thousand taints off again takes minutes. Whatever is not
      // ready is tainted by the node controller all the same.
      '--disable-admission-plugins=TaintNodesByCondition',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-signing-key-file=${pki('sa.key')}`,
      `--service-account-key-file=${pki('sa.pub')}`,
      `--service-cluster-ip-range=${network.services}`,
      `--kubelet-client-certificate=${pki('apiserver-kubelet-client.crt')}`,
      `--kubelet-client-key=${pki('apiserver-kubelet-client.key')}`,
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      // The node's name resolves nowhere.
      '--kubelet-preferred-address-types=InternalIP',
      ...['--allow-privileged=true', '--profiling=false'],
      // Thousands of simulated nodes on one machine are many clients at once.
      ...['--max-requests-inflight=2000', '--max-mutating-requests-inflight=1000'],
      '--shutdown-delay-duration=0s',
    ],
    ready: () => answers(`${address}/readyz`, pki('ca.crt')),
  };
}

function controllerManager({ layout, port, binary, heartbeatSeconds }: Setup): Component {
  const pki = (name: string): string => join(layout.pki, name);
  const address = `https://127.0.0.1:${port('kube-controller-manager')}`;
  return {
    name: 'kube-controller-manager',
    address,
    argv: [
      binary('kube-controller-manager'),
      `--kubeconfig=${kubeconfigOf(layout, 'kube-controller-manager')}`,
      ...['--bind-address=127.0.0.1', `--secure-port=${port('kube-controller-manager')}`],
      ...[`--tls-cert-file=${pki('serving.crt')}`, `--tls-private-key-file=${pki('serving.key')}`],
      ...['--leader-elect=false', '--use-service-account-credentials=true', '--profiling=false'],
      // It writes an annotation on every node, for kubelets of old.
      '--controllers=*,-ttl-controller',
      `--service-account-private-key-file=${pki('sa.key')}`,
      `--root-ca-file=${pki('ca.crt')}`,
      `--node-monitor-grace-period=${4 * heartbeatSeconds}s`,
      '--node-monitor-period=1s',
      // A zone of lost nodes is evicted like any other: a test that loses half of its few nodes means it.
      ...['--node-eviction-rate=10', '--unhealthy-zone-threshold=1'],
      ...['--kube-api-qps=300', '--kube-api-burst=600', '--concurrent-job-syncs=20'],
    ],
    ready: () => answers(`${address}/healthz`, pki('ca.crt')),
  };
}

function scheduler({ layout, port, binary }: Setup): Component {
  const pki = (name: string): string => join(layout.pki, name);
  const address = `https://127.0.0.1:${port('kube-scheduler')}`;
  const config = join(layout.run, 'scheduler.yaml');
  return {
    name: 'kube-scheduler',
    address,
    argv: [
      binary('kube-scheduler'),
      `--config=${config}`,
      ...['--bind-address=127.0.0.1', `--secure-port=${port('kube-scheduler')}`],
      ...[`--tls-cert-file=${pki('serving.crt')}`, `--tls-private-key-file=${pki('serving.key')}`],
      // It asks before it serves, and nobody but us asks it.
      ...[
        '--authentication-tolerate-lookup-failure=true',
        '--authorization-always-allow-paths=/healthz,/readyz,/livez',
      ],
    ],
    prepare: () =>
      writeFile(
        config,
        stringify({
          apiVersion: 'kubescheduler.config.k8s.io/v1',
          kind: 'KubeSchedulerConfiguration',
          leaderElection: { leaderElect: false },
          clientConnection: { kubeconfig: kubeconfigOf(layout, 'kube-scheduler'), qps: 1_000, burst: 2_000 },
          // Five thousand equal nodes: the best of a few hundred is as good as the best of all.
          percentageOfNodesToScore: 10,
        }),
      ),
    ready: () => answers(`${address}/healthz`, pki('ca.crt')),
  };
}
