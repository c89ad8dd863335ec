// The tables of a home: in its store's folder, or below the prefix of its bucket.
import { join } from 'node:path';
import type { TableFiles } from '../../../contracts/table-files.ts';
import type { Config } from '../../config.ts';
import { createFolderTables } from './folder.ts';
import { createS3Tables } from './s3.ts';

export function openTableFiles({ deployment, paths }: Pick<Config, 'deployment' | 'paths'>): TableFiles {
  return deployment.compute === 'local'
    ? createFolderTables(join(paths.store, 'tables'), join(paths.store, 'tmp'))
    : createS3Tables(deployment.store, join(paths.cache, 'tables'));
}
