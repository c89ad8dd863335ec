// Compilers and runners of this machine in places that the sandbox's user may read. What is not there is told; nothing is installed but
// JUnit's console and vitest's own package tree, which are taken from where they are.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FurtherRunner } from '../../evals/hacks/patch/corpus.ts';
import type { Artifact } from '../../evals/verifiers/artifact.ts';
import type { Instruments, Toolchain } from '../../evals/verifiers/verifier.ts';
import { pytestTool } from './pytest-tool.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
/** Not below /tmp, which is the sandbox's own inside; kept between runs. */
const PLACE = `/var/tmp/anneal-toolchains-${process.getuid?.() ?? 0}`;
const JUNIT = '1.13.4';

const madeAt = (path: string): number => Math.floor(statSync(path).mtimeMs / 1000);

export interface Equipment {
  readonly tool?: Artifact;
  readonly toolchain?: Toolchain;
  /** For the sandbox to show. */
  readonly folders: readonly string[];
}

/** @returns what a runner needs, or why it cannot be had here */
export async function equipmentFor(runner: FurtherRunner): Promise<Equipment | { readonly missing: string }> {
  try {
    return await EQUIPMENT[runner]();
  } catch (cause) {
    return { missing: cause instanceof Error ? cause.message.split('\n')[0]! : String(cause) };
  }
}

const EQUIPMENT: Readonly<Record<FurtherRunner, () => Promise<Equipment>>> = {
  pytest: async () => ({ tool: await pytestTool(), folders: [] }),
  async vitest() {
    const modules = await once('vitest', async (place) => {
      for (const name of packagesOf('vitest'))
        copy(join(root, 'node_modules', name), join(place, 'node_modules', name));
      copy(join(root, 'node_modules/node/bin/node'), join(place, 'bin/node'));
    });
    return { toolchain: { bin: join(modules, 'bin'), modules: join(modules, 'node_modules') }, folders: [modules] };
  },
  async go() {
    const goroot = await told('go', ['env', 'GOROOT']);
    const cache = await once(`go-${madeAt(join(goroot, 'bin/go'))}`, async (place) => {
      // What every test needs of the standard library, compiled once.
      const folder = await mkdtemp(join(tmpdir(), 'anneal-go-'));
      await writeFile(join(folder, 'go.mod'), 'module warm\n\ngo 1.21\n');
      await writeFile(
        join(folder, 'warm_test.go'),
        'package warm\n\nimport (\n\t_ "fmt"\n\t_ "os"\n\t_ "path/filepath"\n\t_ "strings"\n\t_ "syscall"\n\t"testing"\n)\n\nfunc TestWarm(*testing.T) {}\n',
      );
      const env = { ...process.env, GOCACHE: place, GOFLAGS: '-mod=mod', GOPROXY: 'off', CGO_ENABLED: '0' };
      await run('go', ['test', '-c', '-vet=off', '-o', join(folder, 'out'), '.'], { cwd: folder, env });
      rmSync(folder, { recursive: true });
    });
    return {
      toolchain: { bin: join(goroot, 'bin'), cache },
      folders: [cache, ...(goroot.startsWith('/usr/') ? [] : [goroot])],
    };
  },
  async cargo() {
    const sysroot = await told('rustc', ['--print', 'sysroot']);
    const place = await once(`rust-${madeAt(join(sysroot, 'bin/rustc'))}`, async (place) => {
      const wanted = ['bin/cargo', 'bin/rustc', 'lib/*.so*', 'lib/rustlib/*-linux-gnu/lib'];
      for (const path of globSync(wanted, { cwd: sysroot })) copy(join(sysroot, path), join(place, path));
    });
    return { toolchain: { bin: join(place, 'bin') }, folders: [place] };
  },
  async junit() {
    // Debian's own has its settings below /etc, which the sandbox does not show.
    const javac = globSync('/usr/lib/jvm/*/bin/javac').find(
      (path) => lstatSync(join(path, '../../lib/jvm.cfg'), { throwIfNoEntry: false })?.isFile() === true,
    );
    if (javac === undefined) throw new Error('no JDK below /usr/lib/jvm that stands by itself');
    const name = 'junit-platform-console-standalone';
    const folder = await once(`junit-${JUNIT}`, async (place) => {
      const artifact = `-Dartifact=org.junit.platform:${name}:${JUNIT}`;
      const repository = join(place, 'repository');
      const where = `-Dmaven.repo.local=${repository}`;
      await run('mvn', ['-q', '-B', 'dependency:get', artifact, '-Dtransitive=false', where], { timeout: 120_000 });
      const jar = join(repository, `org/junit/platform/${name}/${JUNIT}/${name}-${JUNIT}.jar`);
      renameSync(jar, join(place, 'junit.jar'));
      rmSync(repository, { recursive: true });
    });
    const tool = new Map([['junit.jar', readFileSync(join(folder, 'junit.jar'))]]);
    return { tool, toolchain: { bin: dirname(javac) }, folders: [] };
  },
};

/** Made by whoever comes first; half of it is never seen. */
async function once(name: string, make: (place: string) => Promise<void>): Promise<string> {
  const place = join(PLACE, name);
  if (existsSync(place)) return place;
  const own = `${place}.${process.pid}`;
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own, { recursive: true, mode: 0o755 });
  try {
    await make(own);
    await run('chmod', ['-R', 'a+rX', PLACE]);
    if (!existsSync(place)) renameSync(own, place);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
  return place;
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true });
}

/** What a program says of itself. */
async function told(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, [...args]).catch(() => {
    throw new Error(`${program} is not installed`);
  });
  return stdout.trim();
}

/** A package of ours with everything that it needs at run time, whether or not it is bundled. */
function packagesOf(name: string, seen = new Set<string>()): Set<string> {
  const manifest = join(root, 'node_modules', name, 'package.json');
  if (seen.has(name) || !existsSync(manifest)) return seen;
  seen.add(name);
  const of = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, Record<string, string> | undefined>;
  const needed = { ...of.dependencies, ...of.optionalDependencies, ...(name === 'vitest' ? { vite: '' } : {}) };
  for (const one of Object.keys(needed)) packagesOf(one, seen);
  return seen;
}

/** Instruments that have the equipment of these runners. */
export const instrumentsWith = (
  instruments: Instruments,
  equipment: ReadonlyMap<FurtherRunner, Equipment>,
): Instruments => ({
  ...instruments,
  tools: new Map([...equipment].flatMap(([runner, { tool }]) => (tool === undefined ? [] : [[runner, tool] as const]))),
  toolchains: new Map(
    [...equipment].flatMap(([runner, { toolchain }]) =>
      toolchain === undefined ? [] : [[runner, toolchain] as const],
    ),
  ),
});
