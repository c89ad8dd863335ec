// Tables of the data pool in a folder of their own, anew for each test of the file that asks for them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { SegmentSource } from '../../contracts/segment.ts';
import type { TableFiles } from '../../contracts/table-files.ts';
import { openTables, type PoolTables } from '../../gateway/pool/tables/open.ts';
import { openChecked, type PoolProblem, type VerifiedTable, verifyTables } from '../../gateway/pool/tables/verify.ts';
import { createFolderTables } from '../../infra/store/table-files/folder.ts';

export interface UsedTables {
  /** The tables lie in `tables` of it. */
  readonly folder: string;
  readonly files: TableFiles;
  /** Opened now, and closed after the test. */
  open(options?: Parameters<typeof openTables>[1]): Promise<PoolTables>;
  /** Closes it after the test. */
  later<R extends AsyncDisposable>(resource: R): R;
  /** What a verification against these segments says. */
  verify(source: SegmentSource): Promise<{ verified: VerifiedTable[]; problems: PoolProblem[] }>;
}

export function useTables(): UsedTables {
  let stack: AsyncDisposableStack;
  let folder: string;
  let files: TableFiles;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    folder = await mkdtemp(join(tmpdir(), 'anneal-tables-'));
    files = createFolderTables(join(folder, 'tables'), join(folder, 'tmp'));
  });
  afterEach(async () => {
    await stack.disposeAsync();
    await rm(folder, { recursive: true, force: true });
  });

  const later = <R extends AsyncDisposable>(resource: R): R => stack.use(resource);
  return {
    get folder() {
      return folder;
    },
    get files() {
      return files;
    },
    open: async (options) => later(await openTables(files, options)),
    later,
    async verify(source) {
      const problems: PoolProblem[] = [];
      const onProblem = (problem: PoolProblem): void => void problems.push(problem);
      const checked = later(await openChecked(files, { onProblem }));
      return { verified: await verifyTables(checked, source, { onProblem }), problems };
    },
  };
}
