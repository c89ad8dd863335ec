// Against real servers that lack Anneal's search attributes, have others, or do not let us look.
import type { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterEach, expect, test } from 'vitest';
import { SEARCH_TYPES } from '../../contracts/names.ts';
import { startTemporal, type TestServer } from '../../tests/support/temporal-server.ts';
import { loadConfig } from '../config.ts';
import { setUp } from '../stack/setup/setup.ts';
import { ensureSearchAttributes, registerSearchAttributes, type Server } from './search-attributes.ts';

const NAMES = Object.keys(SEARCH_TYPES);
const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});
async function start(types?: Readonly<Record<string, string>>): Promise<TestServer> {
  const server = await startTemporal(types);
  servers.push(server);
  return server;
}
const attributes = async ({ client }: TestServer): Promise<Record<string, number>> =>
  (await client.connection.operatorService.listSearchAttributes({ namespace: 'default' })).customAttributes;

test('creates what is missing, so that a campaign can start at once, and leaves the rest', async () => {
  const server = await start({ AnnealOwner: 'Keyword', Other: 'Text' });
  const missing = NAMES.filter((name) => name !== 'AnnealOwner');
  expect((await registerSearchAttributes({ address: server.address, namespace: 'default' })).sort()).toEqual(
    missing.sort(),
  );
  expect(await attributes(server)).toMatchObject({ AnnealRound: 3, AnnealOwner: 2, AnnealStage: 2, Other: 1 });
  await server.client.workflow.start('none', {
    taskQueue: 'none',
    workflowId: 'one',
    searchAttributes: { AnnealCampaign: ['one'], AnnealRound: [1] },
  });
  expect(await registerSearchAttributes({ address: server.address, namespace: 'default' })).toEqual([]);
});

test('a worker does the same over its own connection', async () => {
  const server = await start({ AnnealOwner: 'Keyword' });
  const connection = await NativeConnection.connect({ address: server.address });
  expect((await ensureSearchAttributes(connection, 'default')).length).toBe(NAMES.length - 1);
  expect(await ensureSearchAttributes(connection, 'default')).toEqual([]);
  await connection.close();
});

test('two at once are one', async () => {
  const server = await start({});
  const made = await Promise.all(
    [1, 2, 3].map(() => registerSearchAttributes({ address: server.address, namespace: 'default' })),
  );
  expect(made.flat()).toEqual(expect.arrayContaining(NAMES));
  expect(Object.keys(await attributes(server))).toEqual(expect.arrayContaining(NAMES));
});

test('another type is refused, by name, and nothing is created', async () => {
  const server = await start({ AnnealRound: 'Keyword', AnnealStage: 'Text' });
  await expect(registerSearchAttributes({ address: server.address, namespace: 'default' })).rejects.toMatchObject({
    code: 'stack.search_attributes',
    message: expect.stringMatching(/AnnealStage is of type Text, not Keyword; AnnealRound is of type Keyword, not Int/),
  });
  expect(await attributes(server)).not.toHaveProperty('AnnealCampaign');
  // Setting up looks before it does anything else: nothing is downloaded for a server that cannot be used.
  const environment = { ANNEAL_TEMPORAL: server.address, ANNEAL_PYTHON: '/missing/python' };
  await expect(setUp(loadConfig({ environment }), () => {})).rejects.toMatchObject({ code: 'stack.search_attributes' });
});

test('a namespace that does not exist is named', async () => {
  const server = await start();
  await expect(registerSearchAttributes({ address: server.address, namespace: 'elsewhere' })).rejects.toMatchObject({
    code: 'temporal.no_namespace',
    message: expect.stringContaining('no namespace elsewhere'),
  });
});

test('without the right to create: fine where they are, else the command for an administrator', async () => {
  const denied = Object.assign(new Error('7 PERMISSION_DENIED'), { code: 7, details: 'not yours', metadata: {} });
  const refuse = (): Promise<never> => Promise.reject(denied);
  /** The real server behind a front that keeps the operator's calls, or only the one that writes, to administrators. */
  const restricted = ({ client }: TestServer, may: 'list' | 'nothing'): Server => {
    const { operatorService, workflowService } = client.connection as Connection;
    const listSearchAttributes = may === 'list' ? operatorService.listSearchAttributes.bind(operatorService) : refuse;
    return { workflowService, operatorService: { listSearchAttributes, addSearchAttributes: refuse } as never };
  };
  expect(await ensureSearchAttributes(restricted(await start(), 'nothing'), 'default')).toEqual([]);
  const lacking = await start({ AnnealOwner: 'Keyword' });
  await expect(ensureSearchAttributes(restricted(lacking, 'list'), 'default')).rejects.toMatchObject({
    code: 'stack.search_attributes',
    message: expect.stringMatching(
      /not yours.*create --namespace default --name AnnealCampaign --type Keyword .*--name AnnealRound --type Int/,
    ),
  });
  await expect(ensureSearchAttributes(restricted(lacking, 'nothing'), 'default')).rejects.toMatchObject({
    code: 'stack.search_attributes',
  });
});
