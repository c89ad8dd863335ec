// The artifact store of a home: its own folder, or the bucket that its deployment shares with pods.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { Config } from '../config.ts';
import { createFolderStore } from './folder.ts';
import { createS3Store } from './s3/store.ts';

export function openStore({ deployment, paths }: Config): ArtifactStore {
  return deployment.compute === 'local' ? createFolderStore(paths.store) : createS3Store(deployment.store);
}
