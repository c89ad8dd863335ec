import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, vi } from 'vitest';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { sandboxConformance } from './sandbox.ts';

// Generous: a loaded machine must not fail a test; the limits under test are the sandbox's own.
vi.setConfig({ testTimeout: 120_000 });

let server: Server;
let port = 0;
beforeAll(async () => {
  server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => server.close());

const sandbox = createBubblewrapSandbox();
sandboxConformance({ name: 'bubblewrap', sandbox: () => sandbox, forbidden: () => ({ host: '127.0.0.1', port }) });
