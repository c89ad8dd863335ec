// Certificates and kubeconfigs, of the testbed's own authority.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ClientFacts } from './api.ts';
import { failure } from './failure.ts';
import { type Layout, networkOf } from './options.ts';

interface Certificate {
  readonly name: string;
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** Given for servers, absent for clients. */
  readonly hosts?: readonly string[];
}

export const nodeNameOf = ({ id }: Layout): string => `testbed-${id}`;

/** Whoever talks to the API server, by the names that Kubernetes' own roles are bound to. */
function certificatesOf(layout: Layout): Certificate[] {
  const network = networkOf(layout);
  const here = ['127.0.0.1', 'localhost', network.gateway];
  const inside = ['', '.svc', '.svc.cluster.local'].map((suffix) => `kubernetes.default${suffix}`);
  return [
    {
      name: 'apiserver',
      commonName: 'kube-apiserver',
      hosts: [...here, network.firstService, 'kubernetes', ...inside],
    },
    // One for all others that serve on this machine: their clients only ask whether it is our authority's.
    { name: 'serving', commonName: 'testbed', hosts: here },
    { name: 'admin', commonName: 'admin', organizations: ['system:masters'] },
    { name: 'apiserver-kubelet-client', commonName: 'kube-apiserver', organizations: ['system:masters'] },
    { name: 'kube-controller-manager', commonName: 'system:kube-controller-manager' },
    { name: 'kube-scheduler', commonName: 'system:kube-scheduler' },
    { name: 'kube-proxy', commonName: 'system:kube-proxy' },
    { name: 'kubelet', commonName: `system:node:${nodeNameOf(layout)}`, organizations: ['system:nodes'] },
    // Their roles are part of what their projects ship and not of what is tested here.
    { name: 'controllers', commonName: 'testbed:controllers', organizations: ['system:masters'] },
  ];
}

const CLIENTS = ['admin', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubelet', 'controllers'] as const;
export type ClientName = (typeof CLIENTS)[number];

export function kubeconfigOf(layout: Layout, name: ClientName): string {
  return name === 'admin' ? layout.kubeconfig : join(layout.run, `${name}.kubeconfig`);
}

export function clientFacts(layout: Layout, port: number): ClientFacts {
  return {
    server: `https://127.0.0.1:${port}`,
    caFile: join(layout.pki, 'ca.crt'),
    certFile: join(layout.pki, 'admin.crt'),
    keyFile: join(layout.pki, 'admin.key'),
  };
}

/** Made once per testbed: what is there is kept. */
export async function ensurePki(layout: Layout, program: string, port: number): Promise<void> {
  await order(program, { folder: layout.pki, certificates: certificatesOf(layout) });
  for (const name of CLIENTS) {
    const path = kubeconfigOf(layout, name);
    if (existsSync(path)) continue;
    await writeFile(path, stringify(kubeconfig(layout, name, port)), { mode: 0o600 });
  }
}

function kubeconfig(layout: Layout, name: ClientName, port: number): object {
  const file = (of: string): string => join(layout.pki, of);
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'testbed',
        cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority': file('ca.crt') },
      },
    ],
    users: [{ name, user: { 'client-certificate': file(`${name}.crt`), 'client-key': file(`${name}.key`) } }],
    contexts: [{ name: 'testbed', context: { cluster: 'testbed', user: name } }],
    'current-context': 'testbed',
  };
}

function order(program: string, wanted: object): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(program, [], { stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.once('error', (cause) => fail(failure('testbed.start_failed', `certificates: ${cause.message}`, cause)));
    child.once('close', (code) =>
      code === 0 ? done() : fail(failure('testbed.start_failed', `certificates: ${said.trim()}`)),
    );
    child.stdin.end(JSON.stringify(wanted));
  });
}
