// A gateway in a process of its own, to be killed. argv: JSON {dir, controlUrl, fault?, providers?, port?, keep?, lateMs?}. It prints its URL as the first line.
// With `fault` it stops for ever at that moment of the first request and prints the moment's name: the test then kills it.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { PolicyName } from '../../contracts/ids.ts';
import type { FaultPoint } from '../../gateway/capture.ts';
import { createGateway } from '../../gateway/gateway.ts';
import type { KeepOptions } from '../../gateway/pool/keeping.ts';
import type { Provider } from '../../gateway/turns/providers.ts';
import { oneServer } from '../../infra/gateway-client/one-server.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createS3Store } from '../../infra/store/s3/store.ts';
import { SECRET } from './gateway.ts';

const options = JSON.parse(process.argv[2]!) as {
  dir: string;
  controlUrl: string;
  fault?: FaultPoint;
  providers?: Record<PolicyName, Provider>;
  keepRecords?: number;
  port?: number;
  /** By so much each call of the store that a segment needs comes later. */
  lateMs?: number;
  /** `store`: a folder's path or an s3:// address. */
  keep?: Omit<KeepOptions, 'store'> & { readonly store: string };
  /** A moment on the way of a segment to the store at which it kills itself. */
  dieAt?: 'before' | 'bytes' | 'description';
};
const { keep, dieAt, lateMs = 0 } = options;

function storeAt(address: string): ArtifactStore {
  const store = address.startsWith('s3://') ? createS3Store(address) : createFolderStore(address);
  const die = (): void => void process.kill(process.pid, 'SIGKILL');
  return {
    ...store,
    async putFile(path) {
      if (dieAt === 'before') die();
      await sleep(lateMs);
      const ref = await store.putFile(path);
      if (dieAt === 'bytes') die();
      return ref;
    },
    async createNamed(key, bytes) {
      await sleep(lateMs);
      const made = await store.createNamed(key, bytes);
      if (dieAt === 'description') die();
      return made;
    },
  };
}
const { url } = await createGateway({
  dir: options.dir,
  servers: oneServer(options.controlUrl),
  secret: SECRET,
  keepRecords: options.keepRecords,
  providers: new Map(Object.entries(options.providers ?? {}) as [PolicyName, Provider][]),
  port: options.port ?? 0,
  keep: keep && { ...keep, store: storeAt(keep.store) },
  log: (line) => process.stderr.write(`${line}\n`),
  fault: async (point) => {
    if (point !== options.fault) return;
    writeSync(1, `${point}\n`);
    await new Promise(() => undefined);
  },
});
writeSync(1, `${url}\n`);
