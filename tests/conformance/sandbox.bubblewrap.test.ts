import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, vi } from 'vitest';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { createEnvironments } from '../../infra/environments/environments.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { rootFileSystem } from '../support/root-file-system.ts';
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
const forbidden = () => ({ host: '127.0.0.1', port });
sandboxConformance({ name: 'bubblewrap', sandbox: () => sandbox, forbidden });

const folder = mkdtempSync(join(tmpdir(), 'anneal-other-root-'));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));
const store = createFolderStore(join(folder, 'store'));
const environments = createEnvironments(join(folder, 'environments'), store);
const onRoot = createBubblewrapSandbox({ rootOf: environments.folderOf });
let root: ArtifactRef;
beforeAll(async () => {
  root = await store.put(await rootFileSystem());
});
sandboxConformance({
  name: "bubblewrap on a task's own root file system",
  sandbox: () => ({ ...onRoot, run: (request) => onRoot.run({ ...request, root }) }),
  forbidden,
});
