// Clients with a service account's token, as a pod has it.
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type Cluster, openCluster } from '../../k8s/cluster/request.ts';
import type { Testbed } from '../../k8s/testbed/testbed.ts';

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });

/** By TokenRequest, as the kubelet asks for it. */
export async function tokenOf(testbed: Testbed, namespace: string, name: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } };
  return tokenAnswer.parse(await testbed.api.call('POST', path, body)).status.token;
}

/** The same token with other times, signed by the testbed's key: the only way to an expired one within seconds. */
export function withTimes(testbed: Testbed, token: string, from: number, to: number): string {
  const [header = '', payload = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
  const changed = Buffer.from(JSON.stringify({ ...claims, iat: from, nbf: from, exp: to })).toString('base64url');
  const key = createPrivateKey(readFileSync(join(testbed.layout.pki, 'sa.key')));
  const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as { alg: string };
  const signature = sign('sha256', Buffer.from(`${header}.${changed}`), {
    key,
    ...(alg.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' as const } : {}),
  });
  return `${header}.${changed}.${signature.toString('base64url')}`;
}

export async function clusterAs(testbed: Testbed, token: string, name: string): Promise<Cluster> {
  const path = join(testbed.layout.run, `${name}.kubeconfig`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'testbed', cluster: { server: testbed.client.server, 'certificate-authority': testbed.client.caFile } },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name: 'testbed', context: { cluster: 'testbed', user: name } }],
    'current-context': 'testbed',
  };
  await writeFile(path, stringify(config), { mode: 0o600 });
  return openCluster({ kubeconfig: path, patienceMs: 3_000 });
}
