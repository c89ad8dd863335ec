import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderTables } from '../../infra/store/table-files/folder.ts';
import { tableFilesConformance } from './table-files.ts';

tableFilesConformance('a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anneal-table-files-'));
  return {
    files: createFolderTables(join(folder, 'tables'), join(folder, 'tmp')),
    close: () => rm(folder, { recursive: true, force: true }),
  };
});
