// A program that looks for a canary wherever a leaking sandbox would let it: its environment and that of others, descriptors, files whose
// paths it is told, links. The canary really lies there, in nobody's way but the sandbox's: outside of one the program finds it
// at every place.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, chown, link, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SandboxRequest } from '../../contracts/ports.ts';
import { SANDBOX_UID } from '../../infra/sandbox/profile.ts';

const NAME = 'ANNEAL_ACCEPT_CANARY';
/** Where an inherited descriptor is not closed by Node. */
const INHERITED = 300;

/** Where it lies, in the program's words. */
export const PLACES = [
  'environment',
  'environment of another process',
  'descriptor',
  'descriptor of another process',
  'file',
  'symbolic link',
  'hard link',
  'link of its own',
  'shared memory',
] as const;

/** Arguments: half the canary, the other half (its command line is no leak), then the paths of file, links, shared memory. */
const PROGRAM = `
import os, sys
canary = ''.join(sys.argv[1:3]).encode()
told, soft, hard, shared = sys.argv[3:7]
found = set()
def look(place, read):
    try: found.update([place] if canary in read() else [])
    except OSError: pass
def content(path):
    with open(path, 'rb') as file: return file.read(65536)
def own():
    name = '/tmp/own-%d' % os.getpid()
    try:
        os.symlink(told, name)
        return content(name)
    finally: os.unlink(name)
look('environment', lambda: repr(dict(os.environ)).encode())
for fd in range(3, 1024): look('descriptor', lambda: os.pread(fd, 65536, 0))
try: others = [name for name in os.listdir('/proc') if name.isdigit() and int(name) != os.getpid()]
except OSError: others = ['1', '2', str(os.getppid())]
for pid in others:
    look('environment of another process', lambda: content('/proc/%s/environ' % pid))
    try: open_there = os.listdir('/proc/%s/fd' % pid)
    except OSError: continue
    for fd in open_there:
        path = '/proc/%s/fd/%s' % (pid, fd)
        try:
            if os.path.isfile(path): look('descriptor of another process', lambda: content(path))
        except OSError: pass
for place, path in (('file', told), ('symbolic link', soft), ('hard link', hard), ('shared memory', shared)):
    look(place, lambda: content(path))
look('link of its own', own)
print('found: ' + '; '.join(sorted(found)))
`;

export interface Planted {
  /** What a sandbox is asked to run. */
  readonly request: SandboxRequest;
  /** The same program outside, as the sandbox's own user, with the descriptor and the environment passed on. */
  outside(): Promise<string[]>;
  remove(): Promise<void>;
}

export const foundIn = (stdout: string): string[] => {
  const told = /^found: (.*)$/m.exec(stdout)?.[1];
  // A program that did not come to its end has looked nowhere.
  if (told === undefined) return ['(it did not look)'];
  return told === '' ? [] : told.split('; ');
};

export async function plant(canary: string): Promise<Planted> {
  const root = process.getuid?.() === 0;
  const folder = await mkdtemp(join(tmpdir(), 'anneal-peek-'));
  const at = (name: string): string => join(folder, name);
  const shared = join('/dev/shm', `anneal-peek-${process.pid}`);
  const own = async (path: string): Promise<void> => (root ? chown(path, SANDBOX_UID, SANDBOX_UID) : undefined);
  await chmod(folder, 0o755);
  for (const path of [at('canary'), shared]) {
    await writeFile(path, canary, { mode: 0o644 });
    await own(path);
  }
  await symlink(at('canary'), at('soft'));
  await link(at('canary'), at('hard'));
  await writeFile(at('peek.py'), PROGRAM, { mode: 0o644 });
  const handle = await open(at('canary'), 'r');
  process.env[NAME] = canary;
  const as = root ? { uid: SANDBOX_UID, gid: SANDBOX_UID } : {};
  // What a program finds in a table of processes that is not its own: one of its user, with the canary in hand.
  const bystander: ChildProcess = spawn('sleep', ['100000'], {
    env: { [NAME]: canary },
    stdio: ['ignore', 'ignore', 'ignore', handle.fd],
    ...as,
  });
  const half = Math.floor(canary.length / 2);
  const told = [canary.slice(0, half), canary.slice(half), at('canary'), at('soft'), at('hard'), shared];
  return {
    request: {
      argv: ['python3', '-s', '-P', '-S', '-B', 'peek.py', ...told],
      files: { 'peek.py': PROGRAM },
      stdin: '',
      // A place to write in, so that it can make links.
      limits: { wallMs: 20_000, memoryBytes: 256 * 2 ** 20, diskBytes: 2 ** 20, processes: 8, outputBytes: 4_096 },
    },
    async outside() {
      const start = `exec ${INHERITED}<"$1"; shift; exec "$@"`;
      const argv = [
        '-c',
        start,
        'bash',
        at('canary'),
        '/usr/bin/python3',
        '-s',
        '-P',
        '-S',
        '-B',
        at('peek.py'),
        ...told,
      ];
      const { stdout } = await promisify(execFile)('bash', argv, as);
      return foundIn(stdout);
    },
    async remove() {
      delete process.env[NAME];
      bystander.kill('SIGKILL');
      await handle.close();
      await rm(folder, { recursive: true, force: true });
      await rm(shared, { force: true });
    },
  };
}
