// The informer against a real API server: what it knows in the end is what a list says, whatever happens to the server in between.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AnnealError } from '../../contracts/errors.ts';
import { pathOf } from '../../k8s/cluster/workloads.ts';
import { type Informer, startInformer, type Timings } from '../../k8s/watch/informer.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';

const NAMESPACE = 'team-a';
const PATH = pathOf('ConfigMap', NAMESPACE);
const LABELS = { 'anneal.dev/test': 'watch' };
const WITHIN = { timeout: 30_000, interval: 100 };
const schema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string(), uid: z.string(), resourceVersion: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
});
type ConfigMap = z.infer<typeof schema>;

describe.skipIf(!isBuilt([]))('an informer of a real API server', () => {
  let kube: TestCluster;
  let informer: Informer<ConfigMap>;
  let told: Map<string, string>;
  let troubles: AnnealError[];

  beforeAll(async () => {
    kube = await startTestCluster();
    await kube.namespace(NAMESPACE);
    for (let start = 0; start < 1_100; start += 50)
      await Promise.all(Array.from({ length: 50 }, (_, index) => put(`c-${start + index}`, '0')));
  }, 180_000);
  afterEach(() => informer?.close());
  afterAll(() => kube?.stop());

  async function open(timings: Partial<Timings> = {}): Promise<void> {
    told = new Map();
    troubles = [];
    informer = startInformer({
      cluster: kube.client({ timeoutMs: 5_000, patienceMs: 1_000 }),
      path: PATH,
      labels: LABELS,
      schema,
      on: {
        added: ({ metadata, data }) => void told.set(metadata.name, `${data.value}`),
        changed: ({ metadata, data }) => void told.set(metadata.name, `${data.value}`),
        deleted: ({ metadata }) => void told.delete(metadata.name),
      },
      onTrouble: (trouble) => void troubles.push(trouble),
      timings,
    });
    await informer.synced();
  }

  async function put(name: string, value: string): Promise<void> {
    const path = `${PATH}/${name}`;
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: LABELS }, data: { value } };
    const query = { fieldManager: 'test', force: true };
    await kube.cluster.ask({ method: 'PATCH', path, query, body, contentType: 'application/apply-patch+yaml' });
  }
  const remove = (name: string) => kube.cluster.ask({ method: 'DELETE', path: `${PATH}/${name}` }, [404]);

  async function converges(): Promise<void> {
    const { body } = await kube.cluster.ask({ method: 'GET', path: PATH, query: { labelSelector: 'anneal.dev/test' } });
    const { items } = z.object({ items: z.array(schema) }).parse(body);
    const actual = Object.fromEntries(items.map(({ metadata, data }) => [metadata.name, `${data.value}`]));
    await expect.poll(() => Object.fromEntries(told), WITHIN).toEqual(actual);
    expect(informer.size).toBe(items.length);
  }

  it('lists by pages and follows; others’ objects are not seen', async () => {
    await open();
    expect(informer.size).toBe(1_100);
    await put('c-1', 'changed');
    await remove('c-2');
    await put('new', '1');
    await converges();
    expect(informer.figures).toMatchObject({ lists: 1, troubles: 0 });
  });

  it('goes on without a list when nothing happens and watches end', async () => {
    await open({ watchMs: 4_000 });
    await expect.poll(() => informer.figures.watches, WITHIN).toBeGreaterThan(3);
    await put('c-3', 'later');
    await converges();
    expect(informer.figures).toMatchObject({ lists: 1, troubles: 0 });
  }, 60_000);

  it('survives an API server that is killed, and what changed before it was watched again', async () => {
    await open();
    await kube.testbed.kill('kube-apiserver');
    await expect.poll(() => troubles.length, WITHIN).toBeGreaterThan(0);
    await kube.testbed.start('kube-apiserver');
    await put('c-4', 'after the end');
    await remove('c-5');
    await converges();
    expect(troubles.every(({ code }) => code === 'cluster.unavailable')).toBe(true);
  }, 120_000);

  it('notices an API server that keeps its sockets open and says nothing', async () => {
    await open({ silenceMs: 2_000, answerMs: 2_000 });
    await put('c-6', 'before');
    await converges();
    const pid = kube.testbed.status().find(({ name }) => name === 'kube-apiserver')?.pid;
    process.kill(pid!, 'SIGSTOP');
    try {
      await expect.poll(() => troubles.map(({ message }) => message).join(), WITHIN).toMatch(/no answer within 2 s/);
      await sleep(2_000);
    } finally {
      process.kill(pid!, 'SIGCONT');
    }
    await put('c-6', 'after');
    await converges();
  }, 120_000);

  it('says at once that the kind is not there', async () => {
    informer = startInformer({ cluster: kube.cluster, path: pathOf('JobSet', NAMESPACE), schema });
    await expect(informer.synced()).rejects.toMatchObject({ code: 'cluster.missing_crd' });
  });
});
