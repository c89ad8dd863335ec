// Builds the testbed's programs, each once. What a killed build leaves behind is never used: a binary counts when its marker
// is there, which is written last.
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arch, platform } from 'node:process';
import { capture } from '../../infra/process/capture.ts';
import { failure } from './failure.ts';
import { ensureGo, type Go, type OnProgress } from './go.ts';
import { withLock } from './lock.ts';
import { CACHE, MODULES } from './paths.ts';
import { type BinaryName, type Program, programOf } from './programs.ts';

export type { BinaryName, OnProgress };

/** The path of a program that was built before, without asking Go. */
export function cachedBinary(name: BinaryName): string | undefined {
  const path = join(folderOf(name), name);
  try {
    const marker: unknown = JSON.parse(readFileSync(`${path}.json`, 'utf8'));
    const bytes = typeof marker === 'object' && marker !== null && 'bytes' in marker ? marker.bytes : undefined;
    return bytes === statSync(path).size ? path : undefined;
  } catch {
    return undefined;
  }
}

/** The CRDs and webhook configurations of a controller. They come with its binary. */
export function manifestsOf(name: BinaryName): { readonly crds: readonly string[]; readonly webhooks: string } {
  const folder = join(folderOf(name), `${name}-manifests`);
  return {
    crds: readdirSync(join(folder, 'crds'))
      .sort()
      .map((file) => join(folder, 'crds', file)),
    webhooks: join(folder, 'webhooks.yaml'),
  };
}

/**
 * The path of a program, which is built when it has to be. Two processes that want the same one build it once.
 * @throws AnnealError `testbed.no_go`, `testbed.build_failed`
 */
export async function ensureBinary(name: BinaryName, onProgress: OnProgress = () => {}): Promise<string> {
  const cached = cachedBinary(name);
  if (cached !== undefined) return cached;
  // One lock for all: builds side by side would only take each other's cores and memory.
  return withLock(
    join(CACHE, 'bin'),
    async () => {
      const built = cachedBinary(name);
      if (built !== undefined) return built;
      return build(name, await ensureGo(onProgress), onProgress);
    },
    () => onProgress(`${name}: waiting for another build`),
  );
}

/** Several, one after the other. Their sources are fetched before the first is built: that takes a network and hardly a processor. */
export async function ensureBinaries(names: readonly BinaryName[], onProgress: OnProgress = () => {}): Promise<void> {
  const missing = names.filter((name) => cachedBinary(name) === undefined);
  if (missing.length > 1) await fetchSources(missing, await ensureGo(onProgress), onProgress);
  for (const name of names) await ensureBinary(name, onProgress);
}

async function fetchSources(names: readonly BinaryName[], go: Go, onProgress: OnProgress): Promise<void> {
  const began = performance.now();
  for (const ofModule of Map.groupBy(names, (name) => programOf(name).module).values()) {
    const packages = ofModule.map((name) => programOf(name).package);
    // To list what a program is made of, Go needs all of it, and nothing else of the modules.
    await runGo(go, ofModule[0]!, ['list', '-mod=readonly', '-deps', '-f', '{{with .Error}}{{.}}{{end}}', ...packages]);
  }
  onProgress(`sources: there after ${Math.round((performance.now() - began) / 1_000)} s`);
}

/**
 * The same for every program, or nothing is compiled once for two. No -trimpath: it names sources by the version that a go.mod requires and
 * not by the one that it replaces that with, so that the same files count as others in another module. The linker drops what a
 * debugger would want; the compiler need not make it first.
 */
const SHARED = ['-gcflags=all=-dwarf=false'];

async function build(name: BinaryName, go: Go, onProgress: OnProgress): Promise<string> {
  const began = performance.now();
  const seconds = (): number => Math.round((performance.now() - began) / 100) / 10;
  const program = programOf(name);
  const folder = folderOf(name);
  await mkdir(folder, { recursive: true });
  // The folder ignores itself, whoever made the checkout.
  await writeFile(join(CACHE, '.gitignore'), '*\n');
  onProgress(`${name}: building with Go ${go.version}`);
  const alive = setInterval(() => onProgress(`${name}: still building, ${Math.round(seconds())} s`), 60_000);
  const partial = join(folder, `.${name}.${randomUUID()}`);
  // An ended Go leaves its work behind, some 100 MB of it. It is kept where the next build, which has the lock, finds and removes it.
  const work = join(CACHE, 'bin', '.work');
  await rm(work, { recursive: true, force: true });
  await mkdir(work);
  try {
    const flags = ['-mod=readonly', '-buildvcs=false', ...SHARED];
    const linker = ['-s -w', program.linkerFlags].filter((part) => part !== undefined).join(' ');
    const source =
      program.patch === undefined ? program.package : await patched(go, name, program.patch, `${partial}.d`);
    await runGo(go, name, ['build', ...flags, '-ldflags', linker, '-o', partial, source], [`GOTMPDIR=${work}`]);
    if (program.manifests !== undefined) await keepManifests(go, name, program.manifests);
    await rename(partial, join(folder, name));
    const { size } = await stat(join(folder, name));
    const marker = { package: program.package, go: go.version, seconds: seconds(), bytes: size };
    await writeFile(`${partial}.json`, `${JSON.stringify(marker)}\n`);
    await rename(`${partial}.json`, join(folder, `${name}.json`));
    onProgress(`${name}: built in ${seconds()} s, ${(size / 1e6).toFixed(1)} MB`);
    return join(folder, name);
  } finally {
    clearInterval(alive);
    await rm(partial, { force: true });
    await rm(`${partial}.json`, { force: true });
    await rm(`${partial}.d`, { recursive: true, force: true });
    await rm(work, { recursive: true, force: true });
  }
}

/** The program's file with the change, outside of its module: go compiles it with what our own module pins. */
async function patched(
  go: Go,
  name: BinaryName,
  { module, file, from, to }: NonNullable<Program['patch']>,
  folder: string,
): Promise<string> {
  const text = await readFile(join(await sourcesOf(go, name, module), file), 'utf8');
  if (!text.includes(from)) throw failure('testbed.build_failed', `${name}: ${file} has no ${from}`);
  await mkdir(folder);
  await writeFile(join(folder, 'main.go'), text.replace(from, to));
  return join(folder, 'main.go');
}

async function sourcesOf(go: Go, name: BinaryName, module: string): Promise<string> {
  // On a new machine nothing is there before the first download.
  await runGo(go, name, ['mod', 'download', module]);
  return (await runGo(go, name, ['list', '-mod=readonly', '-m', '-f', '{{.Dir}}', module])).trim();
}

async function keepManifests(go: Go, name: BinaryName, from: NonNullable<Program['manifests']>): Promise<void> {
  const sources = await sourcesOf(go, name, from.module);
  const source = join(sources, from.crds);
  const folder = join(folderOf(name), `${name}-manifests`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'crds'), { recursive: true });
  // Copied one by one: the module cache's folders are read-only.
  for (const file of await readdir(source)) {
    if (file.endsWith('.yaml') && file !== 'kustomization.yaml')
      await copyFile(join(source, file), join(folder, 'crds', file));
  }
  await copyFile(join(sources, from.webhooks, 'manifests.yaml'), join(folder, 'webhooks.yaml'));
}

/** A compiler lives for a second: collecting its garbage as often as Go does takes a fifth of that. A large package still has a bound. */
const COLLECT_SELDOM = ['GOGC=400', 'GOMEMLIMIT=1536MiB'];

async function runGo(go: Go, name: BinaryName, args: readonly string[], more: readonly string[] = []): Promise<string> {
  // Static, so that no C compiler is needed and the programs also run inside images. No toolchain is ever downloaded.
  const settings = ['CGO_ENABLED=0', 'GOTOOLCHAIN=local', 'GOWORK=off', ...COLLECT_SELDOM, ...more];
  const { code, stdout, stderr } = await capture(['env', ...settings, go.path, ...args], {
    cwd: join(MODULES, programOf(name).module),
    // Beside other work, and after it, a build may take long.
    timeoutMs: 7_200_000,
  });
  if (code === 0) return stdout;
  const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('go: downloading'));
  throw failure('testbed.build_failed', `${name}: go ${args[0]} ended with ${code}: ${lines.slice(-12).join('\n')}`);
}

/**
 * Named by everything that decides what is built. The Go version does not belong to it (the marker tells it): a program that
 * another Go built from the same sources is as good, and a machine without Go can use a cache that it was given.
 */
function folderOf(name: BinaryName): string {
  const known = folders.get(name);
  if (known !== undefined) return known;
  const program = programOf(name);
  const source = join(MODULES, program.module);
  const hash = createHash('sha256').update(`${platform} ${arch} ${JSON.stringify(program)}\n`);
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }).sort()) {
    // tools.go names programs for go.mod's sake; it is in none of them.
    if (file === 'tools.go' || !/\.(go|mod|sum)$/.test(file)) continue;
    hash.update(`${file}\n`).update(readFileSync(join(source, file)));
  }
  const folder = join(CACHE, 'bin', `${name}-${hash.digest('hex').slice(0, 16)}`);
  folders.set(name, folder);
  return folder;
}

const folders = new Map<BinaryName, string>();
