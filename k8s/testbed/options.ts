// What a testbed is made of, and where one keeps its files.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ProcessIdentity } from '../../infra/process/identity.ts';
import type { OnProgress } from './go.ts';

/** In the order of their start. `kubelet` is a real node with containerd; it needs root on Linux. `store` is an S3 server. */
export const PARTS = ['control-plane', 'kubelet', 'kwok', 'jobset', 'lws', 'kueue', 'store'] as const;
export type Part = (typeof PARTS)[number];

export interface TestbedOptions {
  /** The testbed's own folder; two testbeds in two folders have nothing in common but the binaries. */
  readonly dir: string;
  /** `control-plane` is always there. */
  readonly parts?: readonly Part[];
  /** `process`: it ends with the process that started it, or with that one, however it ends. `detached`: it stays until it is stopped. */
  readonly lifetime?: 'process' | 'detached' | ProcessIdentity;
  /**
   * How often a node proves that it lives; after four missed ones it counts as lost. 5 by default. With thousands of kwok nodes
   * choose 60, or the proofs alone keep a small machine busy.
   */
  readonly heartbeatSeconds?: number;
  /** An archive whose images its node begins with, where it has a node and has none yet; the trainer's unless given, where it was made. */
  readonly images?: string;
  readonly onProgress?: OnProgress;
}

export interface Layout {
  readonly dir: string;
  /** Removed by `stop`. */
  readonly run: string;
  readonly logs: string;
  readonly pki: string;
  readonly state: string;
  readonly kubeconfig: string;
  /** Eight hex digits that distinguish it from other testbeds of the machine; they are made of its folder and of the file `salt`. */
  readonly id: string;
}

export function layoutOf(dir: string): Layout {
  const root = resolve(dir);
  const run = join(root, 'run');
  return {
    dir: root,
    run,
    logs: join(root, 'logs'),
    pki: join(run, 'pki'),
    state: join(run, 'testbed.json'),
    kubeconfig: join(run, 'admin.kubeconfig'),
    id: createHash('sha256')
      .update(`${root}${readSalt(run)}`)
      .digest('hex')
      .slice(0, 8),
  };
}

const saltPath = (run: string): string => join(run, 'salt');

function readSalt(run: string): string {
  const path = saltPath(run);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Another id, and with it another network; only for a testbed that does not run. */
export async function changeId({ dir, run }: Layout): Promise<Layout> {
  await writeFile(saltPath(run), randomUUID());
  return layoutOf(dir);
}

/** What a pod sees of the machine: a network of the testbed's own, whose first address is the machine itself. */
export interface Network {
  readonly bridge: string;
  readonly gateway: string;
  readonly pods: string;
  readonly services: string;
  /** The Service `kubernetes`, by which programs in pods find the API server. */
  readonly firstService: string;
}

export function networkOf({ id }: Layout): Network {
  const octet = Number.parseInt(id.slice(0, 2), 16);
  // One of 2,048 pairs of networks: tests run several testbeds at once, and two may meet (node-space.ts).
  const block = 208 + 2 * (Number.parseInt(id.slice(2, 3), 16) % 8);
  const [pods, services] = [`10.${block}.${octet}`, `10.${block + 1}.${octet}`];
  return {
    bridge: `anneal-${id}`,
    gateway: `${pods}.1`,
    pods: `${pods}.0/24`,
    services: `${services}.0/24`,
    firstService: `${services}.1`,
  };
}
