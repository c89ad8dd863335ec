// The environment of the trainer's tests with what reads a bucket beside it, as a pod's image has both: a virtual environment that finds the
// packages of two folders and has none of its own. It takes half a second to make, and is gone afterwards.
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadConfig } from '../../infra/config.ts';
import { forgetDeadTemporary, makeTemporaryFolder } from '../../infra/process/work-folder.ts';
import { bucketPackages } from '../../k8s/testbed/trainer-image.ts';
import { trainerPython } from './trainer-python.ts';

const WHAT = 'bucket-python';
const run = promisify(execFile);

/** @param use is given the path of the interpreter */
export async function withBucketPython<T>(use: (python: string) => Promise<T>): Promise<T> {
  const python = await trainerPython();
  const packages = [await packagesOf(python), await bucketPackages(python, loadConfig().paths.trainer)];
  await forgetDeadTemporary(WHAT);
  const folder = await makeTemporaryFolder(WHAT);
  try {
    await run(python, ['-m', 'venv', '--without-pip', folder]);
    const made = join(folder, 'bin', 'python');
    await writeFile(join(await packagesOf(made), 'packages.pth'), `${packages.join('\n')}\n`);
    return await use(made);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function packagesOf(python: string): Promise<string> {
  const { stdout } = await run(python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']);
  return stdout.trim();
}
