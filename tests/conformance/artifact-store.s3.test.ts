import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe } from 'vitest';
import { createS3Store } from '../../infra/store/s3/store.ts';
import { s3Binary, startS3Server } from '../support/s3-server.ts';
import { artifactStoreConformance } from './artifact-store.ts';

describe.skipIf(s3Binary() === undefined)('on a real S3 server', () => {
  artifactStoreConformance('s3', async () => {
    const server = await startS3Server({ serial: true });
    const address = server.address();
    const prefix = /^s3:\/\/[^/]+\/([^?]+)/.exec(address)![1]!;
    return {
      store: createS3Store(address),
      // Three parts of 8 MiB each way, and the SDK.
      memoryMiB: 96,
      elsewhere: {
        module: new URL('../../infra/store/s3/store.ts', import.meta.url).href,
        factory: 'createS3Store',
        argument: address,
      },
      async damage(ref, bytes) {
        const path = join(server.folder, prefix, ref.uri.slice('store:'.length));
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, bytes);
      },
      close: () => server.stop(),
    };
  });
});
