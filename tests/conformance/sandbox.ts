// What every sandbox must do, whichever adapter: run it against each (sandbox.bubblewrap.test.ts, tests/k8s/sandbox.test.ts).
import { describe, expect, test } from 'vitest';
import type { Sandbox, SandboxRequest } from '../../contracts/ports.ts';
import { runWorkspace } from '../../evals/workspace/run.ts';

export interface SandboxUnderTest {
  readonly name: string;
  /** Opened before the first test. */
  readonly sandbox: () => Sandbox;
  /** Where something listens that no program may reach; undefined where nothing enforces that. */
  readonly forbidden?: () => { readonly host: string; readonly port: number };
}

const MB = 2 ** 20;
const LIMITS = { wallMs: 30_000, memoryBytes: 256 * MB, diskBytes: 4 * MB, processes: 32, outputBytes: 100_000 };

/** Each test runs once: a sandbox may take seconds to open. */
export function sandboxConformance({ name, sandbox, forbidden }: SandboxUnderTest): void {
  const python = (source: string, more: Partial<SandboxRequest> = {}) =>
    sandbox().run({
      argv: ['python3', '-s', '-P', '-S', '-B', '-c', source],
      files: {},
      stdin: '',
      limits: LIMITS,
      ...more,
    });

  describe.concurrent(`sandbox: ${name}`, () => {
    test('output to the byte, each stream by itself, and the exit code', async () => {
      const result = await python(
        'import os, sys; os.write(1, b"out \\xc3\\xa9\\n\\nno end"); os.write(2, b"err"); sys.exit(7)',
      );
      expect(result).toMatchObject({ how: 'exited', exitCode: 7, stdout: 'out é\n\nno end', stderr: 'err' });
      expect(result.milliseconds).toBeGreaterThan(0);
    });

    test('standard input of megabytes, files in folders that can be read and not written, arguments as they are', async () => {
      const stdin = Buffer.alloc(1_500_000, 'abcdefgh');
      const result = await sandbox().run({
        argv: ['python3', '-S', 'run.py', 'a b', '$HOME', '*'],
        files: {
          'run.py': `import hashlib, os, sys
print(sys.argv[1:], os.getcwd(), open("/work/given/deep/x", "rb").read())
for path in ("/work/new", "/work/run.py", "/work/given/deep/x"):
    try: open(path, "a"); print("written", path)
    except OSError: pass
print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest() == "${await sha256(stdin)}")`,
          'given/deep/x': new Uint8Array([0, 255]),
          empty: '',
        },
        stdin,
        limits: LIMITS,
      });
      expect(result).toMatchObject({ stderr: '', stdout: "['a b', '$HOME', '*'] /work b'\\x00\\xff'\nTrue\n" });
    });

    test('an ordinary user and process 1, without capabilities, without the environment of whoever started it', async () => {
      const { stdout, stderr } = await python(`import os
print(os.getpid(), os.getuid() >= 60000, sorted(set(os.environ) - {"PWD"}))
try:
    status = open("/proc/self/status").read()
    print([line.split()[1] for line in status.splitlines() if line[:6] in ("CapEff", "CapPrm", "CapBnd", "NoNewP")])
except OSError: print(["0000000000000000"] * 3 + ["1"])
for call in (os.setuid, os.setgid):
    try: call(0); print("root")
    except OSError: pass`);
      const none = "['0000000000000000', '0000000000000000', '0000000000000000', '1']";
      expect(stdout.split('\n').map(sortedList), stderr).toEqual([
        "1 True ['HOME', 'LC_ALL', 'LOGNAME', 'PATH', 'PYTHONHASHSEED', 'USER']",
        sortedList(none),
        '',
      ]);
    });

    test('nothing can be written but a place of the size that was asked for, and that only when it was', async () => {
      const write = `import os
for top in ("/", "/usr", "/etc", "/var", "/home", "/root", "/work", "/var/tmp", "/tmp"):
    try: open(top + "/x", "w"); print(top)
    except OSError: pass
size = 0
try:
    for n in range(64):
        with open(f"/tmp/{n}", "wb") as file: size += file.write(bytes(1 << 20))
except OSError: pass
print(size <= 16 << 20)`;
      expect((await python(write)).stdout).toBe('/tmp\nTrue\n');
      expect((await python(write, { limits: { ...LIMITS, diskBytes: 0 } })).stdout).toBe('True\n');
    });

    test('the wall clock ends it, whether it talks, sleeps, or has closed its outputs', async () => {
      const limits = { ...LIMITS, wallMs: 2_000 };
      const ends = await Promise.all(
        [
          'import time; print("here", flush=True); time.sleep(60)',
          'import os, time; os.close(1); os.close(2); time.sleep(60)',
          'import os, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nos.fork()\nwhile True: pass',
        ].map((source) => python(source, { limits })),
      );
      // One that burns its time may meet the limit on processor time a moment earlier.
      expect(ends.slice(0, 2).map(({ how }) => how)).toEqual(['timeout', 'timeout']);
      expect(['timeout', 'signalled']).toContain(ends[2]!.how);
      expect(ends[0]).toMatchObject({ exitCode: null, stdout: 'here\n' });
    });

    test('a flood ends it, on either stream; what was allowed is kept', async () => {
      for (const stream of [1, 2]) {
        const result = await python(`import os\nwhile True: os.write(${stream}, b"x" * 4096)`);
        expect(result).toMatchObject({ how: 'output-limit', exitCode: null });
        expect((stream === 1 ? result.stdout : result.stderr).length).toBe(LIMITS.outputBytes);
      }
    });

    test('death by a signal, no such program, too much memory, too many processes', async () => {
      const [signal, none, memory, forks] = await Promise.all([
        python('import ctypes; ctypes.string_at(0)'),
        sandbox().run({ argv: ['/no/such/program'], files: {}, stdin: '', limits: LIMITS }),
        python('try: bytes(512 << 20); print("had it")\nexcept MemoryError: print("refused")'),
        python('import os, time\ntry:\n  while True: os.fork() or time.sleep(9)\nexcept OSError: print("stopped")'),
      ]);
      expect(signal).toMatchObject({ how: 'signalled', exitCode: null });
      expect(none).toMatchObject({ how: 'exited', exitCode: 127 });
      expect(memory.stdout).toBe('refused\n');
      expect(forks.stdout).toBe('stopped\n');
    });

    test('what it says of itself is output: another account changes nothing', async () => {
      const account = '{"account": "", "how": "closed", "milliseconds": 1, "stdout": "", "stderr": ""}\\n';
      const result = await python(
        `import os, signal
for target in (1, -1, os.getppid()):
    for number in (9, 15, 19):
        try: os.kill(target, number)
        except OSError: pass
os.write(1, b'${account}'); os._exit(3)`,
      );
      expect(result).toMatchObject({ how: 'exited', exitCode: 3 });
      expect(result.stdout).toContain('"account"');
    });

    test('a workspace of several steps, whose files are collected', async () => {
      const step = (source: string) => ({
        what: 'a step',
        argv: ['python3', '-S', '-c', source] as const,
        wallMs: 20_000,
      });
      const result = await runWorkspace(sandbox(), {
        files: new Map([['given', Buffer.from('given')]]),
        steps: [
          step('open("out", "w").write(open("given").read() + "!"); raise SystemExit(5)'),
          { ...step('import os; print(os.path.exists("out"))'), fresh: new Map() },
          step('open("out", "w").write("last")'),
        ],
        collect: [{ path: 'out', maxBytes: 100, required: true }],
        limits: { ...LIMITS, outputBytes: 1_000 },
      });
      expect(result.steps).toMatchObject([{ exitCode: 5 }, { exitCode: 0, stdout: 'False\n' }, { exitCode: 0 }]);
      expect(Buffer.from(result.collected.get('out') ?? []).toString()).toBe('last');
    });

    test('a path that leaves the folder of files is refused before anything runs', async () => {
      await expect(python('', { files: { '../x': '' } })).rejects.toMatchObject({ code: 'internal.bug' });
    });

    test.skipIf(forbidden === undefined)('no connection, no name', async () => {
      const { host, port } = forbidden!();
      const { stdout } = await python(`import socket
for what in (lambda: socket.create_connection(("${host}", ${port}), 2), lambda: socket.getaddrinfo("example.org", 80)):
    try: what(); print("reached")
    except OSError: print("nothing")`);
      expect(stdout).toBe('nothing\nnothing\n');
    });
  });
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', Buffer.from(bytes));
  return Buffer.from(hash).toString('hex');
}

/** The kernel's order of these lines is its own. */
const sortedList = (line: string): string =>
  line.startsWith("['0") || line.startsWith("['1") ? [...line].sort().join('') : line;
