// Which nodes a runner keeps away from, by what a real API server, its node controller and simulated nodes say of them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { addGpuNodes, setNode } from '../../k8s/testbed/gpu-nodes.ts';
import { type NodeWatch, type NodeWatchOptions, watchNodes } from '../../k8s/watch/nodes.ts';
import { QUARANTINE_RULES } from '../../policies/quarantine.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';

const WITHIN = { timeout: 30_000, interval: 100 };
const STRATEGIC = 'application/strategic-merge-patch+json';

describe.skipIf(!isBuilt(['kwok']))('the quarantine of a cluster', () => {
  let kube: TestCluster;
  let folder: string;
  let store: ArtifactStore;
  let count = 0;
  let laterMs = 0;
  const open: NodeWatch[] = [];

  beforeAll(async () => {
    kube = await startTestCluster(['kwok']);
    folder = await mkdtemp(join(tmpdir(), 'anneal-nodes-'));
    await addGpuNodes(kube.testbed, { count: 6 });
  }, 180_000);
  beforeEach(() => {
    count += 1;
    laterMs = 0;
    store = createFolderStore(join(folder, `${count}`));
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  afterAll(async () => {
    await kube?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function watch(over: Partial<NodeWatchOptions> = {}): Promise<NodeWatch> {
    const now = () => Date.now() + laterMs;
    const watched = await watchNodes({ cluster: kube.cluster, store, name: 'test', now, ...over });
    open.push(watched);
    await watched.synced();
    return watched;
  }
  const condition = (node: string, type: string, status: string): Promise<unknown> =>
    kube.cluster.ask({
      method: 'PATCH',
      path: `/api/v1/nodes/${node}/status`,
      body: {
        status: { conditions: [{ type, status, reason: 'Xid79', lastTransitionTime: new Date().toISOString() }] },
      },
      contentType: STRATEGIC,
    });

  it('holds a node that is lost, and for a while after it has come back', async () => {
    const nodes = await watch();
    expect(nodes.quarantined()).toEqual([]);
    await setNode(kube.testbed, 'gpu-3', 'down');
    await expect.poll(() => nodes.quarantined(), WITHIN).toEqual(['gpu-3']);
    // For as long as it says so.
    laterMs += 3 * QUARANTINE_RULES.lastsMs.unreachable;
    expect(nodes.entries()).toMatchObject([{ node: 'gpu-3', reason: 'unreachable' }]);
    await setNode(kube.testbed, 'gpu-3', 'up');
    await expect
      .poll(async () => {
        const { body } = await kube.cluster.ask({ method: 'GET', path: '/api/v1/nodes/gpu-3' });
        return JSON.stringify(body);
      }, WITHIN)
      .not.toContain('unreachable');
    await expect
      .poll(() => {
        laterMs += 60_000;
        return nodes.quarantined();
      }, WITHIN)
      .toEqual([]);
  }, 120_000);

  it('holds a node whose health agent reports a GPU, with what it reports', async () => {
    const nodes = await watch();
    await condition('gpu-1', 'GpuXidError', 'True');
    await expect.poll(() => nodes.quarantined(), WITHIN).toEqual(['gpu-1']);
    expect(nodes.entries()).toMatchObject([
      { reason: 'accelerator_health', detail: 'condition GpuXidError is True: Xid79' },
    ]);
    await condition('gpu-1', 'GpuXidError', 'False');
  });

  it('is known to a worker that is started again, and to others', async () => {
    const [one, two] = [await watch(), await watch({ shareMs: 100 })];
    await one.noteStop({ attempt: 'c-r1-train-a1', cause: 'node_lost', exitCode: 137, nodes: ['gpu-0'] });
    await two.noteStop({ attempt: 'd-r1-train-a1', cause: 'exited', exitCode: 43, nodes: ['gpu-5'] });
    await expect.poll(() => two.quarantined(), WITHIN).toHaveLength(1);
    const again = await watch();
    expect(
      again
        .entries()
        .map(({ node, reason }) => `${node} ${reason}`)
        .sort(),
    ).toEqual(['gpu-0 node_lost', 'gpu-5 accelerator_failure']);
    expect(again.entries().find(({ node }) => node === 'gpu-5')?.detail).toBe('d-r1-train-a1');
    // One of six nodes at most for what jobs say.
    expect(again.quarantined()).toHaveLength(1);
    laterMs = QUARANTINE_RULES.longestMs;
    expect(again.quarantined()).toEqual([]);
  });

  it('is not written again while nothing changes', async () => {
    const nodes = await watch({ shareMs: 20 });
    await nodes.noteStop({ attempt: 'c-r1-train-a1', cause: 'node_lost', exitCode: 137, nodes: ['gpu-0'] });
    const before = (await store.readNamed('quarantine/test'))?.tag;
    await new Promise((done) => setTimeout(done, 300));
    expect((await store.readNamed('quarantine/test'))?.tag).toBe(before);
  });

  it('goes on without its store, and says so', async () => {
    const troubles: string[] = [];
    const broken = { ...store, swapNamed: () => Promise.reject(new AnnealError('store.unavailable', 'away')) };
    const nodes = await watch({ store: broken, onTrouble: ({ code }) => void troubles.push(code) });
    await nodes.noteStop({ attempt: 'c-r1-train-a1', cause: 'node_lost', exitCode: 137, nodes: ['gpu-0'] });
    expect(nodes.quarantined()).toEqual(['gpu-0']);
    expect(troubles).toContain('store.unavailable');
  });

  it('begins anew where what was kept is not understood', async () => {
    const troubles: string[] = [];
    await store.createNamed('quarantine/test', '{"schema":"anneal/quarantine/v9"}');
    const nodes = await watch({ onTrouble: ({ code }) => void troubles.push(code) });
    expect(nodes.quarantined()).toEqual([]);
    expect(troubles).toEqual(['store.corrupt_object']);
  });
});
