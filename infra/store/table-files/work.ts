// Where an engine works on tables: what is staged on its way into a file, and what does not fit into memory.
import { forgetDeadTemporary, makeTemporaryFolder } from '../../process/work-folder.ts';
import { storeFailure } from '../durable.ts';

const WHAT = 'pool';

/** See `TableFiles`. It may hold gigabytes, so that what the killed left does not wait for the next worker. */
export async function tablesWorkFolder(): Promise<string> {
  try {
    await forgetDeadTemporary(WHAT);
    return await makeTemporaryFolder(WHAT);
  } catch (failure) {
    throw storeFailure(failure, 'make a folder to work in');
  }
}
