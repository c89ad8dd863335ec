import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { campaignName, makePolicyName } from '../../contracts/ids.ts';
import type { PolicyVersion } from '../../contracts/policy-version.ts';
import { oneServer } from './one-server.ts';
import { createPolicyHost } from './policy-host.ts';

const campaign = campaignName.parse('demo');
const version: PolicyVersion = {
  ...{ campaign, number: 0, name: makePolicyName(campaign, 0), base: 'smollm2-135m-instruct' },
  ...{ parent: null, adapter: null, adapterGguf: null, optimizer: null },
};

test('rollouts that ask at the same time ask the server once; the next one asks again, also after a failure', async () => {
  const waiting: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume();
    waiting.push(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const answer = async (status: number, body: unknown): Promise<void> => {
    await expect.poll(() => waiting.length).toBe(1);
    waiting.pop()!.writeHead(status).end(JSON.stringify(body));
  };
  const host = createPolicyHost({
    servers: oneServer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
  });
  const refused = Promise.allSettled([host.ensure(version), host.ensure(version)]);
  await answer(409, { code: 'policy_conflict', message: 'another adapter' });
  expect(await refused).toMatchObject([
    { status: 'rejected', reason: { code: 'gateway.conflict' } },
    { status: 'rejected', reason: { code: 'gateway.conflict' } },
  ]);
  const served = Promise.all([host.ensure(version), host.ensure(version)]);
  await answer(200, {});
  await served;
  expect(waiting).toEqual([]);
});
