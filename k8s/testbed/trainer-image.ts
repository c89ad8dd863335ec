// The image of trainer and policy server for the CPU, made of this machine's Python and of the packages in the locks: what
// infra/containers/trainer-cpu/Containerfile makes where there are registries.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { capture } from '../../infra/process/capture.ts';
import { forgetDeadWork, makeWorkFolder } from '../../infra/process/work-folder.ts';
import { failure } from './failure.ts';
import { buildImages, type Layer, type LayerSource } from './images.ts';
import { withLock } from './lock.ts';
import { CACHE } from './paths.ts';

export const TRAINER_IMAGE = 'anneal/trainer-cpu:0.1';
export const POLICY_IMAGE = 'anneal/policy-cpu:0.1';

const FOLDER = join(CACHE, 'images');
const ARCHIVE = /^trainer-[0-9a-f]{16}\.tar$/;
/** Until 0.1 each image had an archive of its own. */
const OLDER = /^anneal_(trainer|server)-[0-9a-f]{16}\.tar$/;
const ABOUT = `import json, sys, sysconfig
print(json.dumps({"executable": sys._base_executable, "prefix": sys.base_prefix, "stdlib": sysconfig.get_paths()["stdlib"],
  "packages": sysconfig.get_paths()["purelib"]}))`;
const about = z.object({ executable: z.string(), prefix: z.string(), stdlib: z.string(), packages: z.string() });
/** Of the standard library and of packages: not needed to run. What is compiled stays, or each process of a pod would compile it anew. */
const LEFT_OUT = /(^|\/)(test|tests|idlelib|tkinter|turtledemo|ensurepip|lib2to3)$/;

/**
 * @param python of a virtual environment that holds `trainer/requirements.lock`
 * @param trainer the folder `trainer`
 * @returns the archive of both images, made when it is missing or out of date
 */
export const ensureTrainerImages = (python: string, trainer: string): Promise<string> =>
  // Two that made them at once would take each other's files away.
  withLock(FOLDER, () => makeTrainerImages(python, trainer));

/** A folder of the packages that the images have for buckets; arguments as above. */
export const bucketPackages = (python: string, trainer: string): Promise<string> =>
  withLock(FOLDER, () => ensureBucketPackages(python, trainer));

/** The archive that was made last, if any. */
export async function trainerArchive(): Promise<string | undefined> {
  const names = await readdir(FOLDER).catch(() => []);
  const found = names.find((name) => ARCHIVE.test(name));
  return found && join(FOLDER, found);
}

async function makeTrainerImages(python: string, trainer: string): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  await forgetDeadWork(FOLDER);
  const here = about.parse(JSON.parse(await output([python, '-c', ABOUT])));
  const bucket = await ensureBucketPackages(python, trainer);
  const key = hashOf(trainer, `${here.executable}\n${here.packages}`);
  const tar = join(FOLDER, `trainer-${key}.tar`);
  if (existsSync(tar)) return tar;
  await forgetOlder();
  // What changes most lies above the rest.
  const rootfs: readonly Layer[] = [
    [
      { from: here.stdlib, to: here.stdlib, skip: (path) => LEFT_OUT.test(path) || path === 'site-packages' },
      { from: await realpath(here.executable), to: here.executable },
      ...(await libraries([here.executable, ...sharedObjects(here.stdlib), ...sharedObjects(here.packages)])),
    ],
    [
      {
        ...{ from: here.packages, to: '/opt/anneal/packages' },
        skip: (path) => LEFT_OUT.test(path) || /^pip(-|$)/.test(path),
      },
      { from: bucket, to: '/opt/anneal/bucket', skip: (path) => LEFT_OUT.test(path) },
    ],
    // Its own compiled files come and go with whoever runs it here.
    [{ from: trainer, to: '/opt/anneal/trainer', skip: (path) => LEFT_OUT.test(path) || path.endsWith('__pycache__') }],
  ];
  const env = {
    PYTHONPATH: '/opt/anneal/trainer:/opt/anneal/packages:/opt/anneal/bucket',
    PYTHONDONTWRITEBYTECODE: '1',
    HOME: '/tmp',
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const files = { '/etc/passwd': 'anneal:x:1000:1000::/tmp:/sbin/nologin\n', '/etc/group': 'anneal:x:1000:\n' };
  const image = (name: string, module: string) => ({
    ...{ name, rootfs, files, env, user: '1000:1000' },
    entrypoint: [here.executable, '-m', module],
  });
  return buildImages(tar, [image(TRAINER_IMAGE, 'anneal_trainer'), image(POLICY_IMAGE, 'anneal_server')]);
}

/** What reads a bucket, apart from the quickstart's environment, which has no use for it. */
async function ensureBucketPackages(python: string, trainer: string): Promise<string> {
  const lock = join(trainer, 'requirements-s3.lock');
  const folder = join(FOLDER, `bucket-${createHash('sha256').update(readFileSync(lock)).digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  await mkdir(FOLDER, { recursive: true });
  const work = await makeWorkFolder(folder);
  try {
    // A folder of pip's own making: the work folder is for its owner only, and images keep modes.
    const aside = join(work, 'packages');
    const flags = ['--quiet', '--no-input', '--disable-pip-version-check', '--require-hashes', '--no-deps'];
    await output([python, '-m', 'pip', 'install', ...flags, '--target', aside, '-r', lock]);
    await rename(aside, folder);
    return folder;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The shared libraries of programs, at the paths where the loader looks for them. */
async function libraries(programs: readonly string[]): Promise<LayerSource[]> {
  const found = new Set<string>();
  for (let start = 0; start < programs.length; start += 50) {
    const { stdout } = await capture(['ldd', ...programs.slice(start, start + 50)], { timeoutMs: 60_000 });
    for (const [, path] of stdout.matchAll(/(\/\S+) \(0x[0-9a-f]+\)/g)) if (path !== undefined) found.add(path);
  }
  // Those inside the packages are in the image already.
  const needed = [...found].filter((path) => !path.includes('/site-packages/'));
  return Promise.all(needed.map(async (path) => ({ from: await realpath(path), to: path })));
}

function sharedObjects(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.so(\.[\d.]+)?$/.test(path))
    .map((path) => join(folder, path));
}

function hashOf(trainer: string, more: string): string {
  const hash = createHash('sha256')
    .update(more)
    .update(readFileSync(fileURLToPath(import.meta.url)));
  const files = readdirSync(trainer, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.(py|lock|json)$/.test(path),
  );
  for (const file of files.sort()) hash.update(`${file}\n`).update(readFileSync(join(trainer, file)));
  return hash.digest('hex').slice(0, 16);
}

/** An archive has hundreds of megabytes; only the newest is wanted. */
async function forgetOlder(): Promise<void> {
  for (const name of await readdir(FOLDER)) if (ARCHIVE.test(name) || OLDER.test(name)) await rm(join(FOLDER, name));
}

async function output(argv: readonly [string, ...string[]]): Promise<string> {
  const { code, stdout, stderr } = await capture(argv, { timeoutMs: 600_000 });
  if (code !== 0) throw failure('testbed.image_failed', `${argv[0]}: ${stderr.trim().split('\n').at(-1)}`);
  return stdout;
}
