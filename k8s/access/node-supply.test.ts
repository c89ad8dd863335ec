import { expect, test } from 'vitest';
import type { Cluster } from '../cluster/request.ts';
import { loadProfile, shippedProfiles } from '../layout/shipped.ts';
import { type NodeNeed, nodeNeeds, nodeProblems } from './node-supply.ts';

const NEED: NodeNeed = {
  ...{ accelerator: 'h200', labels: { gpu: 'h200' }, resource: 'nvidia.com/gpu', perPod: 8, nodes: 3 },
};
interface Made {
  readonly gpus?: string;
  readonly unschedulable?: boolean;
}
const node = ({ gpus = '8', unschedulable = false }: Made = {}) => ({
  ...{ metadata: {}, spec: { unschedulable }, status: { allocatable: { 'nvidia.com/gpu': gpus } } },
});

/** Pages of two nodes. */
function clusterOf(nodes: readonly object[]): { cluster: Cluster; asked: Record<string, unknown>[] } {
  const asked: Record<string, unknown>[] = [];
  const ask = async ({ query }: { query: Record<string, unknown> }) => {
    asked.push(query);
    const at = Number(query.continue ?? 0);
    const more = at + 2 < nodes.length ? { continue: `${at + 2}` } : {};
    return { status: 200, body: { metadata: more, items: nodes.slice(at, at + 2) } };
  };
  return { cluster: { ask } as unknown as Cluster, asked };
}

test('what shipped profiles need', async () => {
  const needs = await Promise.all(shippedProfiles().map(async (name) => [name, nodeNeeds(await loadProfile(name))]));
  const counted = needs.map(([name, of]) => [name, (of as NodeNeed[]).map(({ nodes, perPod }) => [nodes, perPod])]);
  expect(Object.fromEntries(counted)).toEqual({
    cpu: [],
    'minimax-m27-h100': [[24, 8]],
    'minimax-m27-smoke': [[8, 8]],
    'minimax-m27-standard': [[12, 8]],
    'one-gpu': [[1, 1]],
    'qwen3-30b-a3b': [[1, 8]],
  });
});

test('nodes that come when they are asked for are not counted', async () => {
  const profile = await loadProfile('one-gpu');
  const accelerators = { h100: { ...profile.accelerators.h100!, onDemand: true } };
  expect(nodeNeeds({ ...profile, accelerators })).toEqual([]);
});

test('enough of them, over pages, and no further page is asked for', async () => {
  const { cluster, asked } = clusterOf([node(), node(), node(), node(), node()]);
  expect(await nodeProblems(cluster, NEED)).toEqual([]);
  expect(asked.map(({ labelSelector, continue: at }) => [labelSelector, at])).toEqual([
    ['gpu=h200', undefined],
    ['gpu=h200', '2'],
  ]);
});

test.each<[string, object[], string]>([
  ['too few', [node(), node()], '2 of the 2 nodes with gpu=h200'],
  ['with too few devices', [node(), node(), node({ gpus: '4' })], '2 of the 3 nodes with gpu=h200'],
  ['cordoned', [node(), node(), node({ unschedulable: true })], '2 of the 3 nodes with gpu=h200'],
  ['none', [], '0 of the 0 nodes with gpu=h200'],
])('%s', async (_, nodes, got) => {
  expect(await nodeProblems(clusterOf(nodes).cluster, NEED)).toMatchObject([
    { code: 'job.unschedulable', path: 'accelerators.h200', expected: expect.stringContaining('3 nodes'), got },
  ]);
});
