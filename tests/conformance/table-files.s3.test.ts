import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { createS3Tables } from '../../infra/store/table-files/s3.ts';
import { s3Binary, startS3Server } from '../support/s3-server.ts';
import { tableFilesConformance } from './table-files.ts';

describe.skipIf(s3Binary() === undefined)('on a real S3 server', () => {
  tableFilesConformance('a bucket', async () => {
    const server = await startS3Server({ serial: true });
    const cache = await mkdtemp(join(tmpdir(), 'anneal-table-cache-'));
    return {
      files: createS3Tables(server.address(), cache),
      async close() {
        await server.stop();
        await rm(cache, { recursive: true, force: true });
      },
    };
  });
});
