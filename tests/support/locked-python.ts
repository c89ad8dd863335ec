// A Python environment of its own, made of what a lock file names, by its hashes. It lies in .testbed, outside of what is committed.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capture, onPath } from '../../infra/process/capture.ts';

/** A line for so many packages. */
const STEP = 20;
const CACHE = fileURLToPath(new URL('../../.testbed', import.meta.url));

export interface LockedPython {
  /** What it is called in progress and in the folder's name. */
  readonly name: string;
  /** The path of the lock. */
  readonly lock: string;
  /** Of Python, where what is installed asks for a later one than what `python3` may be. */
  readonly atLeast?: readonly [major: number, minor: number];
}

/** Named by what is installed, so that a changed lock is installed anew and a half-made one has no name. */
const folderOf = ({ name, lock }: LockedPython): string =>
  join(CACHE, `${name}-${createHash('sha256').update(readFileSync(lock)).digest('hex').slice(0, 16)}`);

/** Its interpreter, or undefined when it is not installed. */
export function installedPython(locked: LockedPython): string | undefined {
  const python = join(folderOf(locked), 'bin', 'python');
  return existsSync(join(folderOf(locked), 'installed')) && existsSync(python) ? python : undefined;
}

/** Installs what the lock names, unless it is there, and returns the interpreter. */
export async function installPython(locked: LockedPython, onProgress: (line: string) => void): Promise<string> {
  const known = installedPython(locked);
  if (known !== undefined) return known;
  const python = await interpreter(locked.atLeast ?? [3, 0]);
  const target = folderOf(locked);
  await rm(target, { recursive: true, force: true });
  await mkdir(CACHE, { recursive: true });
  await writeFile(join(CACHE, '.gitignore'), '*\n');
  onProgress(`${locked.name}: making its environment`);
  await must([python, '-m', 'venv', target]);
  const packages = readFileSync(locked.lock, 'utf8').match(/^[^\s#].*==/gm)?.length ?? 0;
  onProgress(`${locked.name}: installing ${packages} packages of ${basename(locked.lock)}`);
  const own = join(target, 'bin', 'python');
  const flags = ['--progress-bar=off', '--require-hashes', '--no-deps'];
  let looked = 0;
  await must([own, '-m', 'pip', 'install', ...flags, '-r', locked.lock], (line) => {
    // A gigabyte may take a while: whoever waits sees that it goes on.
    if (/^\s*Collecting /.test(line) && ++looked % STEP === 0)
      onProgress(`${locked.name}: ${looked} of ${packages} packages`);
  });
  // Written last: what a killed installation leaves is made anew.
  await writeFile(join(target, 'installed.part'), '');
  await rename(join(target, 'installed.part'), join(target, 'installed'));
  return own;
}

/** The first that is late enough: `python3`, later ones by their names, and those of pyenv, which has none by its name on PATH. */
async function interpreter([major, minor]: readonly [number, number]): Promise<string> {
  const named = ['python3', 'python3.14', 'python3.13', 'python3.12'].map((name) => onPath(name));
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  const kept = existsSync(versions) ? readdirSync(versions).map((name) => join(versions, name, 'bin', 'python3')) : [];
  const asked = `import sys, venv; sys.exit(sys.version_info < (${major}, ${minor}))`;
  for (const python of [...named, ...kept]) {
    if (python === undefined || !existsSync(python)) continue;
    if ((await capture([python, '-c', asked], { timeoutMs: 60_000 })).code === 0) return python;
  }
  throw new Error(`no Python ${major}.${minor} or later on PATH or below ${versions}`);
}

async function must(argv: [string, ...string[]], onLine: (line: string) => void = () => undefined): Promise<void> {
  const { code, stderr } = await capture(argv, { timeoutMs: 3_600_000, onLine });
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr.trim().split('\n').at(-1)}`);
}
