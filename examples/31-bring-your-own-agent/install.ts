// The agent as its registry has it, into the folder that the sandbox shows: each file pinned by its hash, and nothing of it changed.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capture } from '../../infra/process/capture.ts';
import { DEFAULT_PYTHONS, type PythonInstallation, resolvePython } from '../../infra/sandbox/python.ts';

const OWN_LOCK = fileURLToPath(new URL('./mini-swe-agent.lock', import.meta.url));
const SETTINGS = fileURLToPath(new URL('./anneal.yaml', import.meta.url));
const STAMP = 'installed';
/** A line for so many packages. */
const STEP = 10;

export interface Installing {
  /** ANNEAL_PYTHON, as the worker reads it. */
  readonly python: string | undefined;
  /** The folder of the agents that campaigns may name. */
  readonly agents: string;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
  readonly lock?: string;
}

/** @throws Error that says what pip said; the signal's reason */
export async function installAgent({ python, agents, say, signal, lock = OWN_LOCK }: Installing): Promise<void> {
  const folder = join(agents, 'mini-swe-agent');
  const inside = await sandboxPython(python);
  const [, minor] = inside.version.split('.').map(Number);
  const wanted = `${createHash('sha256').update(readFileSync(lock)).digest('hex')} Python 3.${minor}`;
  const stamp = join(folder, STAMP);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    // Whatever a killed installation left.
    for (const old of [folder, `${folder}.part`]) rmSync(old, { recursive: true, force: true });
    // The sandbox's user is another one, who has to read all of it.
    const mask = process.umask(0o022);
    try {
      mkdirSync(`${folder}.part`, { recursive: true });
      await install({ inside, lock, into: `${folder}.part`, say, signal });
      writeFileSync(join(`${folder}.part`, STAMP), wanted);
      renameSync(`${folder}.part`, folder);
    } finally {
      process.umask(mask);
      rmSync(`${folder}.part`, { recursive: true, force: true });
    }
  }
  copyFileSync(SETTINGS, join(folder, 'anneal.yaml'));
}

/** The one that runs in the sandbox: packages are made for its minor version. */
async function sandboxPython(given: string | undefined): Promise<PythonInstallation> {
  if (given !== undefined) return resolvePython(given);
  for (const path of DEFAULT_PYTHONS) {
    const found = await resolvePython(path).catch(() => undefined);
    if (found !== undefined) return found;
  }
  throw new Error(`no Python 3.11 or newer (looked at ${DEFAULT_PYTHONS.join(', ')})`);
}

async function install(of: {
  readonly inside: PythonInstallation;
  readonly lock: string;
  readonly into: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}): Promise<void> {
  const { inside, lock, into, say, signal } = of;
  const packages = readFileSync(lock, 'utf8').match(/^[^\s#].*==/gm)?.length ?? 0;
  let looked = 0;
  say(`mini-swe-agent: installing the ${packages} packages that its lock names`);
  const onLine = (line: string): void => {
    if (!line.startsWith('Collecting ')) return;
    looked += 1;
    if (looked % STEP === 0) say(`mini-swe-agent: ${looked} of ${packages} packages`);
  };
  // Any Python's pip can install for another one's version.
  const pip = [
    '-m',
    'pip',
    'install',
    '--disable-pip-version-check',
    '--no-input',
    '--no-compile',
    '--progress-bar=off',
  ];
  const version = inside.version.split('.').slice(0, 2).join('.');
  const pinned = ['--require-hashes', '--no-deps', '--only-binary=:all:', `--python-version=${version}`];
  const argv = [...pip, ...pinned, '--target', into, '-r', lock];
  const { code, stderr } = await capture([await withPip(inside), ...argv], { timeoutMs: 1_800_000, onLine, signal });
  if (code !== 0) throw new Error(`pip ended with ${code}: ${stderr.trim().split('\n').at(-1)}`);
  say('mini-swe-agent: compiling, since nothing can be written to it in the sandbox');
  // Some packages hold files for other versions, which do not compile.
  await capture([inside.executable, '-m', 'compileall', '-q', '-j', '0', into], { timeoutMs: 600_000, signal });
  signal?.throwIfAborted();
}

async function withPip(inside: PythonInstallation): Promise<string> {
  for (const python of [inside.executable, ...DEFAULT_PYTHONS])
    if ((await capture([python, '-m', 'pip', '--version'], { timeoutMs: 60_000 })).code === 0) return python;
  throw new Error('no Python here has pip, which installs the agent: on Debian and Ubuntu apt-get install python3-pip');
}
