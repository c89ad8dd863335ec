// What the plans of all components are made from: one testbed's folders, ports, programs and options.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { cachedBinary } from './binaries.ts';
import { failure } from './failure.ts';
import type { Layout, Part } from './options.ts';
import type { BinaryName } from './programs.ts';

/** Below the kernel's ephemeral range, so that no outgoing connection takes a port while a component is down. */
const RANGE = [20_000, 32_000] as const;

export interface Setup {
  readonly layout: Layout;
  readonly parts: readonly Part[];
  readonly heartbeatSeconds: number;
  /** An archive whose images a new node begins with. */
  readonly images: string | undefined;
  port(name: string): number;
  binary(name: BinaryName): string;
}

export function createSetup(
  layout: Layout,
  state: { parts: readonly Part[]; heartbeatSeconds: number; ports: Readonly<Record<string, number>> },
  images?: string,
): Setup {
  return {
    layout,
    parts: state.parts,
    heartbeatSeconds: state.heartbeatSeconds,
    images,
    port(name) {
      const port = state.ports[name];
      if (port === undefined) throw failure('testbed.start_failed', `no port was chosen for ${name}`);
      return port;
    },
    binary(name) {
      const path = cachedBinary(name);
      if (path === undefined)
        throw failure('testbed.build_failed', `${name} is not built; npm run testbed -- up builds it`);
      return path;
    },
  };
}

/** Every port that any part may need, chosen once, so that a component comes back where it was. */
export const PORT_NAMES = [
  'etcd',
  'etcd-peer',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kubelet-healthz',
  'kube-proxy-healthz',
  'kwok',
  'jobset-webhook',
  'jobset-health',
  'lws-webhook',
  'lws-health',
  'kueue-webhook',
  'kueue-health',
  'store',
] as const;

export async function choosePorts(kept: Readonly<Record<string, number>> = {}): Promise<Record<string, number>> {
  const chosen: Record<string, number> = { ...kept };
  const taken = new Set(Object.values(chosen));
  for (const name of PORT_NAMES) {
    for (let attempt = 0; chosen[name] === undefined; attempt += 1) {
      const port = randomInt(...RANGE);
      if (!taken.has(port) && (await isFree(port))) chosen[name] = port;
      if (attempt > 500) throw failure('testbed.start_failed', `no free port between ${RANGE.join(' and ')}`);
    }
    taken.add(chosen[name] as number);
  }
  return chosen;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => done(true)));
  });
}
