// A small root file system out of this machine's own programs, as the tar that a task would name: a shell, Python with its library, and one
// program that stands nowhere else.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { resolvePython } from '../../infra/sandbox/python.ts';
import { type TarEntry, tarOf } from './tar.ts';

const PROGRAMS = [
  'sh',
  'bash',
  'cat',
  'ls',
  'mkdir',
  'rm',
  'cp',
  'sort',
  'wc',
  'find',
  'tar',
  'stat',
  'sleep',
  'env',
  'prlimit',
];
/** Of Python's library: what is large, or brings libraries along, and nothing here imports. */
const NOT_NEEDED =
  /\/(test|tests|idlelib|tkinter|lib2to3|ensurepip|turtledemo|distutils|pydoc_data|dist-packages|site-packages|config-[^/]*)(\/|$)|\/(_ssl|_hashlib|_sqlite3|_g?dbm|nis|_curses\w*|readline|_codecs_\w+)\.[^/]*so$/;
const MERGED = { bin: 'usr/bin', sbin: 'usr/sbin', lib: 'usr/lib', lib64: 'usr/lib64' };

/** On no machine but this root: says so. */
export const GREETING = 'made for this task';

export interface RootOptions {
  /** By path in the root. */
  readonly files?: Readonly<Record<string, string>>;
  /** Paths in the root that it goes without. */
  readonly without?: RegExp;
}

export async function rootFileSystem({ files = {}, without }: RootOptions = {}): Promise<Buffer> {
  machine ??= entriesOfMachine();
  const own = Object.entries(files).map(([name, content]) => ({ name, mode: 0o755, content }));
  const entries = new Map([...(await machine), ...own].map((one) => [one.name, one]));
  return tarOf([...entries.values()].filter(({ name }) => without?.test(name) !== true));
}

let machine: Promise<TarEntry[]> | undefined;

async function entriesOfMachine(): Promise<TarEntry[]> {
  const python = await resolvePython('/usr/bin/python3').catch(() => resolvePython('python3'));
  const asked = ['-I', '-S', '-c', 'import sysconfig; print(sysconfig.get_path("stdlib"))'];
  const library = execFileSync(python.executable, asked, { encoding: 'utf8' }).trim();
  const modules = readdirSync(library, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !NOT_NEEDED.test(path.slice(library.length)));
  const programs = PROGRAMS.map((name) => whereIs(name));
  const loaded = [...programs, python.executable, ...modules.filter((path) => path.endsWith('.so'))].map((path) =>
    realpathSync(path),
  );
  const libraries = execFileSync('ldd', loaded, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const copied = new Map<string, TarEntry>();
  const copy = (path: string, to = path): void => {
    // Byte code counts by the time of its source: without it every start compiles the library anew.
    const { mtime } = statSync(path);
    copied.set(merged(to), { name: merged(to), mode: 0o755, mtime, content: readFileSync(path) });
  };
  for (const path of programs) copy(path, `/usr/bin/${basename(path)}`);
  for (const path of [python.executable, ...modules]) copy(path);
  for (const [, path] of libraries.matchAll(/(\/\S+) \(0x/g)) copy(path!);
  const folders = ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'tmp', 'etc'];
  return [
    ...Object.entries(MERGED).map(([name, linkname]) => ({ name, type: 'symlink' as const, linkname })),
    ...folders.map((name) => ({ name, type: 'directory' as const })),
    ...copied.values(),
    ...(copied.has('usr/bin/python3')
      ? []
      : [{ name: 'usr/bin/python3', type: 'symlink' as const, linkname: python.executable }]),
    { name: 'usr/local/bin/greet', mode: 0o755, content: `#!/bin/sh\necho ${GREETING}\n` },
  ];
}

const whereIs = (name: string): string =>
  execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();

/** As in a root whose /bin and /lib are links into /usr. */
function merged(path: string): string {
  const [top = '', ...rest] = path.slice(1).split('/');
  return [MERGED[top as keyof typeof MERGED] ?? top, ...rest].join('/');
}
