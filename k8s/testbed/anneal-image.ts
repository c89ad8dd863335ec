// The images of worker and gateway, made of this machine's files: what infra/containers/{worker,gateway}/Containerfile make where
// there are registries. They hold the compiled build, the packages that it needs at run time, and Node; the worker's also what
// its sandbox consists of.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execPath } from 'node:process';
import { z } from 'zod';
import { childEnvironment } from '../../infra/config.ts';
import { capture } from '../../infra/process/capture.ts';
import { forgetDeadWork, makeWorkFolder } from '../../infra/process/work-folder.ts';
import { failure } from './failure.ts';
import { hostPrograms } from './host-files.ts';
import { buildImages, type Layer, type LayerSource } from './images.ts';
import { withLock } from './lock.ts';
import { CACHE } from './paths.ts';

export const WORKER_IMAGE = 'anneal/worker:0.1.0';
export const GATEWAY_IMAGE = 'anneal/gateway:0.1.0';

/** As in the Containerfiles. */
const HOME = '/opt/anneal';
const NODE = '/usr/local/bin/node';
/** Where the sandbox and its Python are on a Debian machine; without them the worker runs, and refuses to verify. */
const SANDBOX_PROGRAMS = ['/usr/bin/bwrap', '/usr/bin/prlimit'];
const PYTHON = '/usr/bin/python3';
const NOT_RUN = /\.(d\.[cm]?ts|map|md|markdown|flow)$/;
/** Of the checkout. What is installed follows from the lock. */
const NOT_BUILT = /^(\.|node_modules$|dist$|tests$|bench$|docs$)|\.test\.ts$|__pycache__|\.(md|log)$/;
const NOT_IMPORTED = /(^|\/)(__pycache__|test|tests|idlelib|tkinter|turtledemo|ensurepip|lib2to3|config-[^/]*)$/;

/**
 * @param repo the checkout, whose sources are compiled and whose `node_modules` are taken
 * @returns the archive of both images, made when it is missing or out of date
 */
export const ensureAnnealImages = (repo: string): Promise<string> =>
  // Two that made them at once would take each other's files away.
  withLock(join(CACHE, 'images'), () => makeAnnealImages(repo));

async function makeAnnealImages(repo: string): Promise<string> {
  const folder = join(CACHE, 'images');
  await mkdir(folder, { recursive: true });
  await forgetDeadWork(folder);
  const tar = join(folder, `anneal-${hashOf(repo)}.tar`);
  if (existsSync(tar)) return tar;
  // Laid out as in the image, so that what runs here finds what it would find there.
  const stage = await makeWorkFolder(join(folder, 'stage'));
  try {
    await run([execPath, join(repo, 'build.ts'), join(stage, 'dist')], 'the build');
    await copyFile(join(repo, 'package.json'), join(stage, 'package.json'));
    await forgetOlder(folder);
    const both = await commonLayers(repo, stage);
    const more = await workersLayer(repo, stage, both);
    return await buildImages(tar, [plan(GATEWAY_IMAGE, 'gateway', both), plan(WORKER_IMAGE, 'main', [...both, more])]);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

function plan(name: string, program: string, rootfs: readonly Layer[]) {
  return {
    name,
    rootfs,
    entrypoint: [NODE, `${HOME}/dist/worker/${program}.js`],
    user: '1000:1000',
    env: { NODE_ENV: 'production', HOME: '/tmp' },
    files: {
      '/etc/passwd': 'anneal:x:1000:1000::/tmp:/sbin/nologin\n',
      '/etc/group': 'anneal:x:1000:\n',
    },
  };
}

/** What changes most lies above the rest. */
async function commonLayers(repo: string, stage: string): Promise<readonly Layer[]> {
  const modules = join(repo, 'node_modules');
  const native = join(modules, '@temporalio/core-bridge/releases', platformOf(), 'index.node');
  const needed = await hostPrograms([execPath, native]);
  return [
    [...needed.filter(({ to }) => to !== native && to !== execPath), { from: execPath, to: NODE }],
    [{ from: modules, to: `${HOME}/node_modules`, skip: unneeded(repo) }],
    [
      { from: join(stage, 'package.json'), to: `${HOME}/package.json` },
      { from: join(stage, 'dist'), to: `${HOME}/dist`, skip: (path) => NOT_RUN.test(path) },
    ],
  ];
}

/** The sandbox, where this machine has one, and the workflows' bundle. */
async function workersLayer(repo: string, stage: string, below: readonly Layer[]): Promise<Layer> {
  const sandbox = await findSandbox();
  const bundle = await makeBundle(repo, stage);
  if (sandbox === undefined) return [bundle];
  const isThere = new Set(below.flat().map(({ to }) => to));
  // Python's extensions come with its library.
  const needed = (await hostPrograms(sandbox.programs)).filter(
    ({ to }) => !isThere.has(to) && !to.startsWith(sandbox.library),
  );
  return [...needed, { from: sandbox.library, to: sandbox.library, skip: isLeftOut }, bundle];
}

/** As the Containerfiles do: the engine of the data pool's tables is a command's. */
const ELSEWHERE = /^@duckdb(\/|$)/;

/** Packages for development, other platforms' libraries, and what nothing imports. */
function unneeded(repo: string): (relative: string) => boolean {
  const { packages } = lock.parse(JSON.parse(readFileSync(join(repo, 'package-lock.json'), 'utf8')));
  const kept = new Set(Object.keys(packages).filter((path) => packages[path]?.dev !== true));
  return (relative) => {
    if (ELSEWHERE.test(relative)) return true;
    if (relative.startsWith('@temporalio/core-bridge/releases/')) return !relative.includes(platformOf());
    const path = `node_modules/${relative}`;
    // The folder of a package itself, at any depth: node_modules/NAME or node_modules/@SCOPE/NAME.
    if (/(^|\/)node_modules\/(@[^/]+\/)?[^@/][^/]*$/.test(path)) return !kept.has(path);
    return NOT_RUN.test(relative);
  };
}

const lock = z.object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) });

/** As Temporal's SDK names the folder of its native library. */
const platformOf = (): string => `${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-unknown-linux-gnu`;

interface Sandbox {
  /** With Python's extension modules. */
  readonly programs: readonly string[];
  /** Python's standard library. */
  readonly library: string;
}

async function findSandbox(): Promise<Sandbox | undefined> {
  if (![...SANDBOX_PROGRAMS, PYTHON].every((path) => existsSync(path))) return undefined;
  const python = await realpath(PYTHON);
  const library = join('/usr/lib', basename(python));
  const dynamic = join(library, 'lib-dynload');
  const extensions = readdirSync(dynamic).map((name) => join(dynamic, name));
  return { library, programs: [...SANDBOX_PROGRAMS, PYTHON, python, ...extensions] };
}

const isLeftOut = (relative: string): boolean => NOT_IMPORTED.test(relative);

/** The workflows' bundle, which a worker would otherwise make at each start: its home is as short-lived as its pod. */
async function makeBundle(repo: string, stage: string): Promise<LayerSource> {
  await symlink(join(repo, 'node_modules'), join(stage, 'node_modules'));
  const script = `await (await import(${JSON.stringify(join(stage, 'dist/worker/bundle.js'))})).workflowBundle()`;
  const env = childEnvironment({ ANNEAL_HOME: join(stage, 'home') });
  await run([execPath, '--input-type=module', '--eval', script], "the workflows' bundle", env);
  return { from: join(stage, 'home'), to: `${HOME}/home` };
}

/** Of all that the build may read, which is much less work than the build. */
function hashOf(repo: string): string {
  const hash = createHash('sha256').update(`${process.version} ${platformOf()}\n`);
  const add = (relative: string): void => {
    for (const entry of readdirSync(join(repo, relative), { withFileTypes: true }).sort(byName)) {
      const path = join(relative, entry.name);
      if (NOT_BUILT.test(path)) continue;
      if (entry.isDirectory()) add(path);
      else if (entry.isFile()) hash.update(`${path}\n`).update(readFileSync(join(repo, path)));
    }
  };
  add('');
  return hash.digest('hex').slice(0, 16);
}

const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1);

/** Only the newest is wanted. Until 0.1 each image had an archive of its own. */
async function forgetOlder(folder: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    if (/^(anneal|worker|gateway)-[0-9a-f]{16}\.tar$/.test(name)) await rm(join(folder, name), { force: true });
  }
}

async function run(argv: readonly [string, ...string[]], what: string, env?: Record<string, string>): Promise<void> {
  const { code, stdout, stderr } = await capture(argv, { timeoutMs: 300_000, ...(env === undefined ? {} : { env }) });
  const last = (stderr.trim() || stdout.trim()).split('\n').slice(-3).join('\n');
  if (code !== 0) throw failure('testbed.image_failed', `${what}: ${last}`);
}
