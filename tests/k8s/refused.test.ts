// What a command says of a cluster or a bucket that a campaign cannot be begun on: everything at once, with what to do, before anything
// is started here or created there.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createS3Store } from '../../infra/store/s3/store.ts';
import { isBuilt, shareTestCluster, type TestCluster } from '../support/cluster.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import type { CommandOutput } from '../support/journey.ts';
import { type S3Server, s3Binary, startS3Server } from '../support/s3-server.ts';
import { clusterAs, tokenOf, withTimes } from '../support/service-account.ts';

const PARTS = ['jobset'] as const;
const ROOT = join(import.meta.dirname, '..', '..');
const FILE = 'examples/10-kubernetes/campaign.yaml';
const TEAM = 'team-refused';
const HOUR = 3_600;
const STORE_DENIED = 5;

describe.skipIf(!isBuilt(PARTS) || s3Binary() === undefined)('a campaign is refused', () => {
  let kube: TestCluster;
  let s3: S3Server;
  let dir: string;
  let address: string;
  let count = 0;
  /** Of a service account that nobody gave any right. */
  let token: string;

  beforeAll(async () => {
    [kube, s3, dir] = await Promise.all([
      shareTestCluster(PARTS),
      startS3Server(),
      mkdtemp(join(tmpdir(), 'anneal-refused-')),
    ]);
    await kube.namespace(TEAM);
    address = s3.address();
    const path = `/api/v1/namespaces/${TEAM}/serviceaccounts`;
    await kube.cluster.ask({ method: 'POST', path, body: { metadata: { name: 'nobody' } } });
    token = await tokenOf(kube.testbed, TEAM, 'nobody');
  }, 240_000);
  afterAll(async () => {
    await kube?.stop();
    await s3?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  const homeOf = (number: number): string => join(dir, `home-${number}`);

  /** A command in a home of its own. */
  async function run(argv: readonly string[], over: Readonly<Record<string, string>>): Promise<CommandOutput> {
    count += 1;
    const tokenFile = join(dir, 'token');
    await writeFile(tokenFile, 'a token');
    const env = {
      ...process.env,
      ...{ ANNEAL_HOME: homeOf(count), ANNEAL_COMPUTE: 'kubernetes', ANNEAL_STORE: address, NO_COLOR: '1' },
      ...{ ANNEAL_KUBECONFIG: kube.testbed.kubeconfig, ANNEAL_KUBE_NAMESPACE: TEAM },
      ...{ ANNEAL_KUBE_STORE_SECRET: 'anneal-store', ANNEAL_POLICY_TOKEN_FILE: tokenFile },
      ...over,
    };
    const child = spawn(join(ROOT, 'anneal'), argv, { cwd: ROOT, env });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    const code = await new Promise<number | null>((done) => child.on('close', done));
    return { code, ...said };
  }
  const quickstart = (over: Readonly<Record<string, string>>): Promise<CommandOutput> =>
    run(['quickstart', '--yes', '--file', FILE], over);

  /** Nothing runs here, nothing is in the bucket, nothing is on the cluster. */
  async function expectNothing(namespace = TEAM): Promise<void> {
    expect(existsSync(join(homeOf(count), 'run', 'plan.json'))).toBe(false);
    expect(await createS3Store(address).listNamed('campaigns/')).toEqual([]);
    const { body } = await kube.cluster.ask({ method: 'GET', path: `/api/v1/namespaces/${namespace}/configmaps` });
    const names = (body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);
    expect(names.filter((name) => name.startsWith('anneal'))).toEqual([]);
  }

  async function kubeconfigWith(bearer: string, name: string): Promise<string> {
    await clusterAs(kube.testbed, bearer, name);
    return join(kube.testbed.layout.run, `${name}.kubeconfig`);
  }

  test('where both secrets are missing: both are named, and how to make them', { timeout: 60_000 }, async () => {
    const { code, stderr } = await quickstart({});
    expect(code).toBe(4);
    expect(stderr).toContain('kubernetes is not begun, and nothing was created');
    for (const secret of ['anneal-store', 'anneal-policy']) expect(stderr).toContain(`secrets/${secret}`);
    expect(stderr).toContain('kubectl');
    await expectNothing();
  });

  test('with a token file that is not there or empty: named beside what the cluster lacks', {
    timeout: 180_000,
  }, async () => {
    const empty = join(dir, 'empty');
    await writeFile(empty, '\n');
    for (const [file, why] of [
      [join(dir, 'nope'), 'no such file'],
      [empty, 'nothing but white space'],
    ] as const) {
      const { code, stderr } = await quickstart({ ANNEAL_POLICY_TOKEN_FILE: file });
      expect([code, stderr]).toEqual([2, expect.stringContaining(`got ${file}: ${why}`)]);
      expect(stderr).toContain('secrets/anneal-policy');
      await expectNothing();
    }
  });

  test("with another token than the secret's: neither is shown", { timeout: 180_000 }, async () => {
    const namespace = 'team-b';
    await kube.namespace(namespace);
    const secrets = {
      'anneal-store': { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' },
      'anneal-policy': { token: 'the-token-of-the-secret' },
    };
    const path = `/api/v1/namespaces/${namespace}/secrets`;
    for (const [name, stringData] of Object.entries(secrets))
      await kube.cluster.ask({ method: 'POST', path, body: { metadata: { name }, stringData } });
    const file = join(dir, 'another');
    await writeFile(file, 'the-token-of-the-file');
    const { code, stderr } = await quickstart({ ANNEAL_KUBE_NAMESPACE: namespace, ANNEAL_POLICY_TOKEN_FILE: file });
    expect([code, stderr]).toEqual([5, expect.stringContaining('policy.unauthorised')]);
    expect(stderr).toContain('secrets/anneal-policy');
    for (const token of ['the-token-of-the-secret', 'the-token-of-the-file']) {
      expect(stderr).not.toContain(token);
      expect(stderr).not.toContain(Buffer.from(token).toString('base64'));
    }
    await expectNothing(namespace);
    // The same token, whatever stands around it: nothing more is wrong with the cluster, as doctor says.
    await writeFile(file, 'the-token-of-the-secret\n');
    const env = { ANNEAL_KUBE_NAMESPACE: namespace, ANNEAL_POLICY_TOKEN_FILE: file };
    expect((await run(['doctor'], env)).stdout).toContain(`namespace ${namespace}`);
  });

  test('under a token without rights: every right is named', { timeout: 60_000 }, async () => {
    const { code, stderr } = await quickstart({ ANNEAL_KUBECONFIG: await kubeconfigWith(token, 'nobody') });
    expect([code, stderr]).toEqual([5, expect.stringContaining('cluster.denied')]);
    for (const said of ['no right at all', 'nodes', 'priorityclasses']) expect(stderr).toContain(said);
    await expectNothing();
  });

  test('under a token that has expired', { timeout: 60_000 }, async () => {
    const now = Math.floor(Date.now() / 1000);
    const old = withTimes(kube.testbed, token, now - 2 * HOUR, now - HOUR);
    const { code, stderr } = await quickstart({ ANNEAL_KUBECONFIG: await kubeconfigWith(old, 'expired') });
    expect([code, stderr]).toEqual([5, expect.stringContaining('cluster.unauthenticated')]);
    await expectNothing();
  });

  test('in a namespace that is not there', { timeout: 60_000 }, async () => {
    const { code, stderr } = await quickstart({ ANNEAL_KUBE_NAMESPACE: 'nowhere' });
    expect([code, stderr]).toEqual([4, expect.stringContaining('nowhere')]);
    await expectNothing();
  });

  test('with keys that the bucket does not know', { timeout: 60_000 }, async () => {
    const { code, stderr } = await quickstart({ AWS_SECRET_ACCESS_KEY: 'another' });
    expect([code, stderr]).toEqual([STORE_DENIED, expect.stringContaining('store.denied')]);
    // The cluster's problems stand beside the bucket's.
    expect(stderr).toContain('secrets/anneal-policy');
    await expectNothing();
  });

  test('with a bucket that may be read and not written', { timeout: 60_000 }, async () => {
    const proxy = await startFaultProxy(s3.endpoint);
    try {
      const denied = { kind: 'error', status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } as const;
      proxy.inject(denied, Number.POSITIVE_INFINITY, (method) => method === 'PUT');
      const { code, stderr } = await quickstart({ ANNEAL_STORE: address.replace(s3.endpoint, proxy.endpoint) });
      expect([code, stderr]).toEqual([STORE_DENIED, expect.stringContaining('store.denied')]);
      expect(stderr).toContain('secrets/anneal-policy');
      await expectNothing();
    } finally {
      await proxy.close();
    }
  });

  test("with a store whose clock is not this machine's: by how much, beside the rest", {
    timeout: 60_000,
  }, async () => {
    const proxy = await startFaultProxy(s3.endpoint);
    try {
      proxy.skew(40 * 60_000);
      const { code, stderr } = await quickstart({ ANNEAL_STORE: address.replace(s3.endpoint, proxy.endpoint) });
      expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining('store.clock_skew')]);
      expect(code).not.toBe(0);
      expect(stderr).toContain('40 minutes ahead');
      expect(stderr).toContain('secrets/anneal-policy');
      await expectNothing();
    } finally {
      await proxy.close();
    }
  });
});
