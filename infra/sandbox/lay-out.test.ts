// What a program finds at /work and /dev: many files, its own input by name, memory that its processes share.
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import type { SandboxRequest } from '../../contracts/ports.ts';
import { createBubblewrapSandbox } from './bubblewrap.ts';
import { MOST_BY_DESCRIPTOR } from './lay-out.ts';

vi.setConfig({ testTimeout: 60_000 });
const folder = mkdtempSync(join(tmpdir(), 'anneal-lay-out-'));
afterAll(() => rmSync(folder, { recursive: true }));
// What is left of a run would lie here; the sandbox's user has to come to it.
chmodSync(folder, 0o755);
vi.stubEnv('TMPDIR', folder);
const left = () => readdirSync(folder).filter((name) => name.startsWith('anneal-files-'));
const sandbox = createBubblewrapSandbox();

const run = (source: string, more: Partial<SandboxRequest> = {}) =>
  sandbox.run({
    ...{ argv: ['python3', '-s', '-P', '-S', '-B', '-c', source], files: {}, stdin: '' },
    limits: { wallMs: 30_000, memoryBytes: 2 ** 28, diskBytes: 2 ** 20, processes: 16, outputBytes: 10_000 },
    ...more,
  });
const filesOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`a/${index % 7}/${index}.txt`, `${index}\n`]));
const LIST = `
import os
found = [os.path.join(at, name) for at, _, names in os.walk('/work') for name in names]
print(len(found), sum(int(open(one).read()) for one in found), {oct(os.stat(one).st_mode & 0o777) for one in found})
for at in (found[0], '/work/new', '/work/a/new'):
    try: open(at, 'a'); print('written')
    except OSError as error: print(error.strerror)
try: os.chmod(found[0], 0o777); print('changed')
except OSError as error: print(error.strerror)`;

test.each([MOST_BY_DESCRIPTOR, MOST_BY_DESCRIPTOR + 1, 2_500])('%i files stand at /work, read-only', async (count) => {
  const { stdout, stderr } = await run(LIST, { files: filesOf(count) });
  // Whose they are differs, and with it which refusal comes first.
  const refusals = stdout.replaceAll(/Permission denied|Operation not permitted/g, 'Read-only file system').split('\n');
  expect([stderr, ...refusals]).toEqual([
    '',
    `${count} ${(count * (count - 1)) / 2} {'0o444'}`,
    ...Array.from({ length: 4 }, () => 'Read-only file system'),
    '',
  ]);
  expect(left()).toEqual([]);
});

test('a door stands beside many files, too', async () => {
  const door = join(folder, 'door');
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(door, resolve));
  const seen = await run(
    'import os, stat; print(stat.S_ISSOCK(os.stat("/work/door").st_mode), len(os.listdir("/work/a")))',
    {
      files: filesOf(100),
      door,
    },
  );
  server.close();
  expect(seen).toMatchObject({ stdout: 'True 7\n', stderr: '' });
});

test('what cannot be laid out leaves nothing behind', async () => {
  const files = { ...filesOf(100), 'a/0': 'a file and a folder' };
  await expect(run('', { files })).rejects.toMatchObject({ code: 'sandbox.failed' });
  expect(left()).toEqual([]);
});

const STREAMS = `
import os, pty, sys
print(open('/dev/stdin').read(), sys.stdin.read(), os.popen('cat /dev/stdin').read())
for name in ('null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx'): os.stat('/dev/' + name)
os.write(os.open('/dev/null', os.O_WRONLY), b'x')
os.close(pty.openpty()[0])
for at in ('/dev/stdin', '/dev/new', '/dev/own/new'):
    try: open(at, 'a'); print('written')
    except OSError as error: print(type(error).__name__)`;

test.each([0, 100])('a program that is alone reads its input by name as well, with %i files', async (count) => {
  const { stdout, stderr } = await run(STREAMS, { alone: true, stdin: 'input', files: filesOf(count) });
  expect([stdout.replaceAll('PermissionError', 'OSError'), stderr]).toEqual([
    'input input input\nOSError\nOSError\nOSError\n',
    '',
  ]);
});

test('a program that is alone has a pool of processes, in as much shared memory as it has disk', async () => {
  const source = `
import os
from multiprocessing import Pool
def square(n): return n * n
with Pool(2) as pool: print(pool.map(square, [1, 2, 3]))
try:
    with open('/dev/shm/x', 'wb') as file: file.write(b'x' * (2 << 20))
    print('all')
except OSError as error: print(error.strerror)`;
  const seen = await run(source, { alone: true });
  expect(seen.stdout).toMatch(/^\[1, 4, 9\]\n(No space left on device|File too large)\n$/);
});

test('where a judge runs beside, neither is there', async () => {
  const source = `
for at, mode in (('/dev/stdin', 'r'), ('/dev/shm/x', 'w')):
    try: open(at, mode); print('open')
    except OSError as error: print(type(error).__name__)`;
  expect((await run(source, { stdin: 'input' })).stdout).toBe('FileNotFoundError\nOSError\n');
});
