// A real Temporal dev server for tests, on a free port, in memory, gone with the test process.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { SEARCH_TYPES } from '../../contracts/names.ts';
import { temporalBinary } from './temporal-binary.ts';

export interface TestServer {
  readonly address: string;
  readonly client: Client;
  stop(): Promise<void>;
}

/** With Anneal's search attributes, or with others, in the default namespace and in further ones. */
export async function startTemporal(
  types: Readonly<Record<string, string>> = SEARCH_TYPES,
  namespaces: readonly string[] = [],
): Promise<TestServer> {
  const port = await freePort();
  const attributes = Object.entries(types).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
  const child = spawn(
    await temporalBinary(),
    [
      'server',
      'start-dev',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--headless',
      '--log-level',
      'never',
      ...attributes,
      ...namespaces.flatMap((namespace) => ['--namespace', namespace]),
    ],
    { stdio: 'ignore' },
  );
  const stopWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', stopWithUs);
  const address = `127.0.0.1:${port}`;
  for (let tries = 0; ; tries += 1) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      const client = new Client({ connection });
      await client.workflow.count();
      return {
        address,
        client,
        async stop() {
          process.off('exit', stopWithUs);
          await connection.close();
          child.kill('SIGKILL');
        },
      };
    } catch (failure) {
      if (tries > 100) throw failure;
      await sleep(100);
    }
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
