import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderStore } from '../../infra/store/folder.ts';
import { artifactStoreConformance } from './artifact-store.ts';

artifactStoreConformance('folder', async () => {
  const root = await mkdtemp(join(tmpdir(), 'anneal-folder-'));
  return {
    store: createFolderStore(root),
    memoryMiB: 48,
    elsewhere: {
      module: new URL('../../infra/store/folder.ts', import.meta.url).href,
      factory: 'createFolderStore',
      argument: root,
    },
    damage: (ref, bytes) => writeFile(join(root, ref.uri.slice('store:'.length)), bytes),
    close: () => rm(root, { recursive: true, force: true }),
  };
});
