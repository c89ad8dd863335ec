// Run as a program: fetches the Temporal server through the SDK's own downloader into the folder that is named.
// The last resort; it needs the open internet, where the SDK's authors publish the server. Exits 0 when it ran once.
import { mkdirSync } from 'node:fs';
import { Runtime } from '@temporalio/worker';

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: sdk-download FOLDER');
mkdirSync(folder, { recursive: true });
const runtime = Runtime.instance();
const server = await runtime.createEphemeralServer({
  type: 'dev-server',
  exe: {
    type: 'cached-download',
    downloadDir: folder,
    version: 'v1.9.1',
    ttl: 0,
    sdkName: 'sdk-typescript',
    sdkVersion: '1.24.0',
  },
  namespace: 'default',
  ip: '127.0.0.1',
  port: null,
  uiPort: null,
  dbFilename: null,
  ui: false,
  log: { format: 'pretty', level: 'error' },
  extraArgs: [],
});
await runtime.shutdownEphemeralServer(server);
await runtime.shutdown();
