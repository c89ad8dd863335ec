// A real S3 server over a folder of the testbed's, which pods and this machine reach by the same address.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Component } from './component.ts';
import { type Layout, networkOf } from './options.ts';
import type { Setup } from './setup.ts';

export const BUCKET = 'anneal';
const ACCESS = 'anneal';

export interface StoreFacts {
  readonly endpoint: string;
  readonly access: string;
  readonly secret: string;
}

/** @param host with a real node, its network's first address; else loopback */
export function store(setup: Setup): Component {
  const { layout, binary } = setup;
  const data = join(layout.run, 'store');
  const { endpoint, secret } = storeFacts(setup);
  return {
    name: 'store',
    address: endpoint,
    argv: [
      binary('versitygw'),
      ...['--access', ACCESS, '--secret', secret, '--port', new URL(endpoint).host, '--quiet'],
      ...['posix', data],
    ],
    // A bucket is a folder.
    prepare: async () => void (await mkdir(join(data, BUCKET), { recursive: true })),
    ready: () =>
      fetch(endpoint).then(
        () => true,
        () => false,
      ),
  };
}

export function storeFacts({ layout, parts, port }: Setup): StoreFacts {
  const host = parts.includes('kubelet') ? networkOf(layout).gateway : '127.0.0.1';
  return {
    endpoint: `http://${host}:${port('store')}`,
    access: ACCESS,
    secret: readFileSync(secretPath(layout), 'utf8'),
  };
}

const secretPath = (layout: Layout): string => join(layout.run, 'store.secret');

/** Made once for each testbed, before anything reads it. */
export async function ensureStoreSecret(layout: Layout): Promise<void> {
  if (existsSync(secretPath(layout))) return;
  await writeFile(secretPath(layout), randomBytes(16).toString('hex'), { mode: 0o600 });
}
