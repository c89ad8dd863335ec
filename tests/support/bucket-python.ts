// The environment of the trainer's tests with what reads a bucket beside it, as a pod's image has both: a virtual environment that finds the
// packages of two folders and has none of its own.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../infra/config.ts';
import { capture } from '../../infra/process/capture.ts';
import { makeWorkFolder } from '../../infra/process/work-folder.ts';
import { ensureBucketPackages } from '../../k8s/testbed/trainer-image.ts';
import { trainerPython } from './trainer-python.ts';

/** Of tests that go through a bucket: skipped by a Python that cannot. */
export const BUCKET_TESTS = ['test_s3_store', 'test_pod', 'test_server'].map((name) => `trainer/tests/${name}.py`);

/** Makes what is missing and gives the path of the interpreter. */
export async function bucketPython(): Promise<string> {
  const { repo, paths } = loadConfig();
  const python = await trainerPython();
  const packages = [await purelib(python), await ensureBucketPackages(python, paths.trainer)];
  const name = createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 16);
  const folder = join(repo, '.testbed', `bucket-python-${name}`);
  const made = join(folder, 'bin', 'python');
  if (existsSync(made)) return made;
  await mkdir(join(repo, '.testbed'), { recursive: true });
  const work = await makeWorkFolder(folder);
  try {
    const place = join(work, 'environment');
    await said([python, '-m', 'venv', '--without-pip', place]);
    const own = await purelib(join(place, 'bin', 'python'));
    await writeFile(join(own, 'packages.pth'), `${packages.join('\n')}\n`);
    // It runs from wherever it lies.
    await rename(place, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return made;
}

const purelib = (python: string): Promise<string> =>
  said([python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']);

async function said(argv: readonly [string, ...string[]]): Promise<string> {
  const { code, stdout, stderr } = await capture(argv);
  if (code !== 0) throw new Error(`${argv.slice(0, 3).join(' ')} ended with ${code}: ${stderr.trim()}`);
  return stdout.trim();
}
