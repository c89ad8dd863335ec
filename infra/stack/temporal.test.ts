// The real Temporal server under the supervisor: its search attributes, its database, its freedom from the user's settings.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SEARCH } from '../../contracts/names.ts';
import { type Config, loadConfig } from '../config.ts';
import { defaultChildren } from './plan.ts';
import { findPython } from './setup/python.ts';
import { ensureTemporal } from './setup/temporal-binary.ts';
import { type RunningStack, stackStatus, startStack, stopStack } from './stack.ts';

let folder: string;
let config: Config;
let binary: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-temporal-'));
  const shared = loadConfig();
  binary = (await ensureTemporal(shared, await findPython(shared), () => {})).path;
  config = loadConfig({ environment: { ANNEAL_HOME: join(folder, 'home') } });
  // A machine on which another cluster is configured.
  const settings = join(folder, '.config', 'temporalio', 'temporal.toml');
  mkdirSync(dirname(settings), { recursive: true });
  writeFileSync(settings, '[profile.default]\naddress = "127.0.0.1:9"\nnamespace = "prod"\napi_key = "secret"\n');
  vi.stubEnv('TEMPORAL_ADDRESS', '127.0.0.1:9');
  vi.stubEnv('TEMPORAL_CONFIG_FILE', settings);
  vi.stubEnv('HOME', folder);
  vi.stubEnv('TEMPORAL_NAMESPACE', 'prod');
}, 300_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await stopStack(config);
  rmSync(folder, { recursive: true, force: true });
});

const start = (): Promise<RunningStack> =>
  startStack({
    config,
    children: ({ config: own, ports }) =>
      defaultChildren({ config: own, ports, temporalBinary: binary }).filter((child) => child.name === 'temporal'),
  });

test('serves with its search attributes, survives a SIGKILL with its data, and starts again on the same database', async () => {
  const stack = await start();
  const connection = await Connection.connect({ address: stack.endpoints.temporal });
  const attributes = async (): Promise<string[]> => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    return Object.keys(customAttributes ?? {});
  };
  expect(await attributes()).toEqual(expect.arrayContaining(Object.values(SEARCH)));
  await connection.workflowService.startWorkflowExecution({
    namespace: 'default',
    workflowId: 'kept',
    workflowType: { name: 'none' },
    taskQueue: { name: 'none' },
    requestId: 'one',
  });

  process.kill(stack.children[0]?.process?.pid as number, 'SIGKILL');
  await expect
    .poll(async () => (await stackStatus(config)).children[0], { timeout: 10_000 })
    .toMatchObject({ state: 'ready', restarts: 1 });
  const described = await connection.workflowService.describeWorkflowExecution({
    namespace: 'default',
    execution: { workflowId: 'kept' },
  });
  expect(described.workflowExecutionInfo?.type?.name).toBe('none');
  await connection.close();

  await stopStack(config);
  expect((await start()).endpoints).toEqual(stack.endpoints);
}, 60_000);
