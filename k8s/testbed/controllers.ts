// JobSet, LeaderWorkerSet and Kueue: their CRDs, their controllers, and their webhooks, which default and check what is created.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Api, answers } from './api.ts';
import { manifestsOf } from './binaries.ts';
import type { Component } from './component.ts';
import { installCrds } from './crds.ts';
import type { Layout, Part } from './options.ts';
import { kubeconfigOf } from './pki.ts';
import type { Setup } from './setup.ts';
import { clientConfig, installWebhooks } from './webhooks.ts';

export const CONTROLLERS = ['jobset', 'lws', 'kueue'] as const satisfies readonly Part[];
export type ControllerName = (typeof CONTROLLERS)[number];

export function controllers(setup: Setup, api: () => Api): Component[] {
  return CONTROLLERS.filter((name) => setup.parts.includes(name)).map((name) => controller(setup, name, api));
}

function controller(setup: Setup, name: ControllerName, api: () => Api): Component {
  const { layout, port, binary } = setup;
  const config = join(layout.run, `${name}.yaml`);
  const health = `http://127.0.0.1:${port(`${name}-health`)}`;
  return {
    name,
    address: `https://127.0.0.1:${port(`${name}-webhook`)}`,
    argv: [binary(name), `--config=${config}`, `--kubeconfig=${kubeconfigOf(layout, 'controllers')}`],
    async prepare() {
      await writeFile(config, stringify(configOf(setup, name)));
      await ensureCertificates(layout);
    },
    ready: () => answers(`${health}/readyz`),
    finish: () => installWebhooks(api(), layout, name, port(`${name}-webhook`)),
  };
}

/**
 * Before the controller manager starts: its garbage collector looks for new kinds every half minute only, and until it knows one,
 * deleting an object of it leaves behind what the object owns.
 */
export async function installKinds(setup: Setup, api: Api): Promise<void> {
  const names = CONTROLLERS.filter((name) => setup.parts.includes(name));
  await Promise.all(
    names.map(async (name) => {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${name}-system` } };
      await api.apply(`/api/v1/namespaces/${name}-system`, namespace);
      const converter = await clientConfig(setup.layout, setup.port(`${name}-webhook`), '/convert');
      await installCrds(api, manifestsOf(name).crds, converter);
    }),
  );
}

function configOf(setup: Setup, name: ControllerName): object {
  const common = {
    webhook: { host: '127.0.0.1', port: setup.port(`${name}-webhook`), certDir: certificatesFolder(setup.layout) },
    health: { healthProbeBindAddress: `127.0.0.1:${setup.port(`${name}-health`)}` },
    metrics: { bindAddress: '0' },
    leaderElection: { leaderElect: false },
    internalCertManagement: { enable: false },
    clientConnection: { qps: 500, burst: 1_000 },
  };
  if (name !== 'kueue') return { apiVersion: `config.${name}.x-k8s.io/v1alpha1`, kind: 'Configuration', ...common };
  const frameworks = ['batch/job', 'pod'];
  if (setup.parts.includes('jobset')) frameworks.push('jobset.x-k8s.io/jobset');
  if (setup.parts.includes('lws')) frameworks.push('leaderworkerset.x-k8s.io/leaderworkerset', 'statefulset');
  return {
    apiVersion: 'config.kueue.x-k8s.io/v1beta2',
    kind: 'Configuration',
    namespace: 'kueue-system',
    ...common,
    integrations: { frameworks },
    // An API server of Kueue's own for pending workloads: it would need to be reached from the real one through a Service.
    featureGates: { VisibilityOnDemand: false },
    // Short, so that a test can wait for the eviction of what does not become ready; longer where thousands of nodes are slow.
    waitForPodsReady: {
      timeout: `${12 * setup.heartbeatSeconds}s`,
      recoveryTimeout: `${12 * setup.heartbeatSeconds}s`,
      requeuingStrategy: { timestamp: 'Eviction', backoffBaseSeconds: 5, backoffMaxSeconds: 30 },
    },
  };
}

const certificatesFolder = ({ run }: Layout): string => join(run, 'webhook-certs');

/** The controllers know the files by these names only. */
async function ensureCertificates(layout: Layout): Promise<void> {
  const folder = certificatesFolder(layout);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await copyFile(join(layout.pki, 'serving.crt'), join(folder, 'tls.crt'));
  await copyFile(join(layout.pki, 'serving.key'), join(folder, 'tls.key'));
}
