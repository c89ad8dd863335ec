// What a sandbox in pods refuses before it asks its cluster anything.
import { expect, test } from 'vitest';
import type { Cluster } from '../cluster/request.ts';
import { createPodSandbox } from './sandbox.ts';

const asked = (): never => {
  throw new Error('the cluster was asked');
};
const cluster: Cluster = { server: 'nowhere', ask: asked, open: asked };
const request = {
  ...{ argv: ['true'] as const, files: {}, stdin: '' },
  limits: { wallMs: 1_000, memoryBytes: 2 ** 20, diskBytes: 0, processes: 1, outputBytes: 100 },
};
const sha256 = 'a'.repeat(64) as never;
const root = { uri: `store:objects/aa/${sha256}`, sha256, bytes: 1 };

test.each([
  [
    'a root file system of the task’s own',
    { root },
    /a task with a root file system of its own needs ANNEAL_SANDBOX=bubblewrap/,
  ],
  ['a door', { door: '/run/door' }, /pods have no door/],
  ['an agent’s folder', { agent: '/srv/agent' }, /pods have no door/],
])('%s', async (_, more, why) => {
  const sandbox = createPodSandbox({ cluster, namespace: 'untrusted', image: 'a:1' });
  await expect(sandbox.run({ ...request, ...more })).rejects.toMatchObject({
    code: 'sandbox.unavailable',
    message: expect.stringMatching(why),
  });
});
