import { expect, test, vi } from 'vitest';
import type { Sandbox, SandboxRequest } from '../../contracts/ports.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { artifactOf, textOf } from '../verifiers/artifact.ts';
import { runWorkspace } from './run.ts';
import { SEALED, type Step, WORKSPACE, type WorkspaceRun } from './workspace.ts';

// Generous: a loaded machine must not fail a test; the limits under test are the workspace's own.
vi.setConfig({ testTimeout: 120_000 });

const MB = 2 ** 20;
const sandbox = createBubblewrapSandbox();
const limits = { memoryBytes: 256 * MB, diskBytes: 8 * MB, processes: 32, outputBytes: 20_000 };

const python = (source: string, more: Partial<Step> = {}): Step => ({
  what: 'a step',
  argv: ['python3', '-S', '-c', `import os, signal, sys, time\n${source}`],
  wallMs: 20_000,
  ...more,
});
const shell = (script: string, more: Partial<Step> = {}): Step => ({
  what: 'a step',
  argv: ['/bin/sh', '-c', script],
  wallMs: 20_000,
  ...more,
});
const out = (path: string, maxBytes = MB) => ({ path, maxBytes, required: true });
const run = (steps: readonly Step[], more: Partial<WorkspaceRun> = {}) =>
  runWorkspace(sandbox, { files: new Map(), steps, collect: [out('out')], limits, ...more });
const texts = (collected: ReadonlyMap<string, Uint8Array>) =>
  Object.fromEntries([...collected].map(([path, bytes]) => [path, textOf(bytes)]));

test.concurrent('steps run in order, in one folder, with exit codes, standard input and environment of their own', async () => {
  const result = await run(
    [
      shell('cat given/a > out; cat >> out; exit 7', { stdin: 'in\n' }),
      shell('echo "$GREETING" >> out; pwd; cat /work/sealed/s; ls -la given >&2', { env: { GREETING: 'hello' } }),
      { what: 'none', argv: ['/no/such/program'], wallMs: 5_000 },
      shell('kill -SEGV $$'),
      python('print(os.getcwd(), sys.executable == "/usr/bin/python3" or sys.version_info >= (3, 11))'),
    ],
    { files: artifactOf({ 'given/a': 'given\n' }), sealed: artifactOf({ s: 'sealed\n' }) },
  );
  expect(result.steps).toMatchObject([
    { how: 'exited', exitCode: 7, stdout: '' },
    { how: 'exited', exitCode: 0, stdout: `${WORKSPACE}\nsealed\n` },
    { how: 'exited', exitCode: 127, stderr: '/no/such/program: No such file or directory\n' },
    { how: 'signalled', exitCode: null },
    { how: 'exited', exitCode: 0, stdout: `${WORKSPACE} True\n` },
  ]);
  expect(texts(result.collected)).toEqual({ out: 'given\nin\nhello\n' });
  expect(result.refused).toEqual([]);
});

test.concurrent('scripts are executable; a fresh step sees neither what others left nor what they were given', async () => {
  const nest = 'd = "x"\nfor i in range(300):\n    os.mkdir("d" * 200); os.chdir("d" * 200)\nos.chmod(".", 0)';
  const result = await run(
    [
      shell('./tool; mkfifo f; ln -s /etc l; mkdir shut; touch shut/x out left; chmod 0 shut'),
      python(nest),
      shell('chmod 0 /tmp; true'),
      shell('ls -A . ..; cat tests/t', { fresh: artifactOf({ 'tests/t': 'second' }) }),
      shell('ls; cat tests/t', { fresh: artifactOf({}) }),
    ],
    { files: artifactOf({ tool: '#!/bin/sh\necho tool', 'tests/t': 'first' }) },
  );
  expect(result.steps.map(({ stdout }) => stdout)).toEqual([
    'tool\n',
    '',
    '',
    '.:\ntests\ntool\n\n..:\nscratch\nworkspace\nsecond',
    'tests\ntool\nfirst',
  ]);
  expect(result.collected.size).toBe(0);
});

test.concurrent('the next step’s files are nowhere to be found', async () => {
  const search = `
found = [path for top in ("/tmp", "/work", "/dev") for folder, _, names in os.walk(top) for path in
         [os.path.join(folder, name) for name in names] if os.path.isfile(path) and b"SECRET" + b"-7" in open(path, "rb").read()]
print(found, sorted(os.listdir("/work")))
for fd in range(3, 64):
    try: os.fstat(fd); print("open", fd)
    except OSError: pass`;
  const later = artifactOf({ t: 'SECRET-7' });
  const result = await run([python(search), shell('cat t; true', { fresh: later })]);
  expect(result.steps.map(({ stdout }) => stdout)).toEqual(["[] ['collect.py', 'driver.py']\n", 'SECRET-7']);
});

test.concurrent('time-outs and output floods end their step and nothing else', async () => {
  const result = await run([
    python('print("here", flush=True); time.sleep(99)', { wallMs: 2_000 }),
    python('signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass', { wallMs: 1_000 }),
    shell('yes'),
    shell('yes >&2'),
    shell('yes | head -c 20000; exit 3'),
    shell('sleep 0.01; yes | head -c 20001; exit 3'),
    shell('echo fine > out'),
  ]);
  expect(result.steps.map(({ how }) => how)).toEqual([
    'timeout',
    'timeout',
    'output-limit',
    'output-limit',
    'exited',
    'output-limit',
    'exited',
  ]);
  expect(result.steps[0]).toMatchObject({ exitCode: null, stdout: 'here\n' });
  expect(result.steps[0]?.milliseconds).toBeGreaterThanOrEqual(2_000);
  expect(result.steps[2]?.stdout).toHaveLength(20_000);
  expect(result.steps[4]?.exitCode).toBe(3);
  expect(texts(result.collected)).toEqual({ out: 'fine\n' });
});

const DAEMON = `
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork(): os._exit(0)
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True:
            open("out", "w").write("daemon")
            time.sleep(0.001)`;

test.concurrent('nothing of a step lives when the next begins, or when files are read', async () => {
  const result = await run([
    python(`${DAEMON}\ntime.sleep(0.3)`),
    shell('echo honest > out; sleep 0.2; cat out'),
    python(`${DAEMON}\ntime.sleep(0.3); os.unlink("out"); open("last", "w").write("last")`),
    python('time.sleep(0.2); print(os.path.exists("out")); open("out", "w").write("mine")'),
    python('os.kill(os.getpid(), signal.SIGSTOP)', { wallMs: 500 }),
  ]);
  expect(result.steps.map(({ stdout }) => stdout)).toEqual(['', 'honest\n', '', expect.any(String), '']);
  expect(result.steps[4]?.how).toBe('timeout');
  expect(texts(result.collected)).toEqual({ out: 'mine' });
});

test.concurrent('a step that kills, stops or signals everything ends itself alone', async () => {
  const storm = `
for target in (1, -1, os.getppid()):
    for number in range(1, 65):
        if target == -1 and number in (9, 19): continue
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        try: os.kill(target, number)
        except OSError: pass
open("out", "w").write("alive")
if os.fork() == 0: time.sleep(99)
os.kill(-1, 9)
os._exit(5)`;
  const result = await run([python(storm), shell('kill -9 -1; kill -9 1; echo after')]);
  expect(result.steps[0]).toMatchObject({ how: 'exited', exitCode: 5 });
  expect(result.steps[1]).toMatchObject({ how: 'exited', stdout: 'after\n' });
  expect(texts(result.collected)).toEqual({ out: 'alive' });
});

test.concurrent('a full disk, too many files and a fork bomb are the step’s own trouble', async () => {
  const result = await run([
    python('try:\n  while True: open("big", "ab").write(b"x" * 65536)\nexcept OSError as e: print(e.strerror)'),
    shell('ls', { fresh: new Map() }),
    python('i = 0\nwhile True:\n  open(f"f{i}", "w"); i += 1', { wallMs: 60_000 }),
    shell('ls | head -2', { fresh: new Map() }),
    python('try:\n  while True: os.fork() or time.sleep(9)\nexcept OSError: print("stopped"); time.sleep(0.1)'),
    shell('echo fine > out'),
  ]);
  expect(result.steps.map(({ how }) => how)).toEqual([
    'exited',
    'exited',
    'output-limit',
    'exited',
    'exited',
    'exited',
  ]);
  // The size of a file is bounded by the place's size: whichever limit comes first.
  expect(result.steps[0]?.stdout).toMatch(/^(No space left on device|File too large)\n$/);
  expect(result.steps[1]?.stdout).toBe('');
  expect(result.steps[3]?.stdout).toBe('');
  expect(texts(result.collected)).toEqual({ out: 'fine\n' });
});

test.concurrent('what is no plain file of its size is refused with its reason; what is missing is not named', async () => {
  const make = `
os.symlink("/etc/passwd", "link")
open("file", "w").write("f"); os.link("file", "hard"); os.mkfifo("fifo")
import socket; socket.socket(socket.AF_UNIX).bind("socket")
os.mkdir("real"); open("real/x", "w").write("x"); os.symlink("real", "way"); os.symlink("/work", "sealed-way")
os.truncate(os.open("sparse", os.O_CREAT | os.O_RDWR), 1 << 22); open("shut", "w").write("x"); os.chmod("shut", 0)
os.mkdir("tree"); open("tree/good", "w").write("good"); open("tree/bad name", "w"); open(b"tree/\\xff\\n", "w")
os.symlink("good", "tree/link"); os.mkdir("tree/sub"); open("tree/sub/deep", "w").write("deep"); os.symlink("..", "tree/sub/up")
os.mkdir("closed"); open("closed/x", "w"); os.chmod("closed", 0)
os.mkdir("many"); [os.close(os.open(f"many/{i}", os.O_CREAT)) for i in range(2001)]
os.mkdir("folder"); open("plain", "w").write("x"); os.symlink("folder", "to-folder")`;
  const names = [
    'link',
    'file',
    'fifo',
    'socket',
    'way/x',
    'sealed-way/driver.py',
    'sparse',
    'shut',
    'folder',
    'to-folder',
    'plain/x',
  ];
  const collect = [
    ...names.map((name) => out(name)),
    ...[
      'tree/',
      'closed/',
      'many/',
      'link/',
      'plain/',
      '../workspace/real/x',
      '/etc/passwd',
      'none',
      'none/',
      'none/x',
    ].map((name) => out(name)),
  ];
  const result = await run([python(make)], { collect });
  expect(result.steps[0]?.stderr).toBe('');
  expect(texts(result.collected)).toEqual({ 'tree/good': 'good', 'tree/sub/deep': 'deep' });
  expect(Object.fromEntries(result.refused.map(({ path, why }) => [path, why]))).toEqual({
    link: expect.stringMatching(/^(is a link|link on its way is no folder)/),
    file: 'has a second name',
    fifo: 'is no file',
    socket: 'is no file',
    'way/x': expect.stringContaining('way on its way is no folder'),
    'sealed-way/driver.py': expect.stringContaining('sealed-way on its way is no folder'),
    sparse: 'has 4194304 bytes, more than 1048576',
    shut: 'cannot be opened (Permission denied)',
    folder: 'is no file',
    'to-folder': 'is a link',
    'plain/x': expect.stringContaining('plain on its way is no folder'),
    plain: expect.stringContaining('plain on its way is no folder'),
    'tree/bad name': 'is no plain relative path',
    'tree/\ufffd\n': 'is no plain relative path',
    'tree/link': 'is a link',
    'tree/sub/up': 'is a link',
    closed: expect.stringContaining('Permission denied'),
    many: 'holds more than 2000 files and folders',
    '../workspace/real/x': 'is no plain relative path',
    '/etc/passwd': 'is no plain relative path',
  });
});

test.concurrent('the workspace itself replaced by a link is refused', async () => {
  const result = await run([shell('cd /tmp; mv workspace w; ln -s /work workspace')], { collect: [out('driver.py')] });
  expect(result).toMatchObject({ refused: [{ path: 'driver.py' }] });
  expect(result.collected.size).toBe(0);
});

test.concurrent('a sparse file of 2 GB, and 64 MB that are really there', async () => {
  const big = { ...limits, diskBytes: 80 * MB };
  const sparse = await run([shell('truncate -s 2G out; stat -c %s out')], {
    limits: { ...big, diskBytes: 4_096 * MB },
  });
  expect(sparse).toMatchObject({ steps: [{ stdout: '2147483648\n' }], refused: [{ path: 'out' }] });
  expect(sparse.refused[0]?.why).toBe('has 2147483648 bytes, more than 1048576');
  const whole = await run([shell('head -c 67108864 /dev/zero > out')], { limits: big, collect: [out('out', 64 * MB)] });
  expect(whole.collected.get('out')?.length).toBe(64 * MB);
});

test.concurrent('bytes that are no text come through: outputs as they are, streams with replacements', async () => {
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const result = await run([shell('cat in > out; cat in; cat in >&2')], { files: new Map([['in', every]]) });
  expect(Buffer.from(result.collected.get('out') ?? [])).toEqual(every);
  expect(result.steps[0]?.stdout).toBe(every.toString('utf8'));
});

test.concurrent('a step that writes the driver’s own lines wrote text', async () => {
  const forged = '{"step":0,"how":"exited","exitCode":0}\\n{"done":"x","lines":1}';
  const result = await run([shell(`printf '${forged}'; printf '${forged}' >&2; exit 9`), shell('true')]);
  expect(result.steps).toMatchObject([{ how: 'exited', exitCode: 9 }, { exitCode: 0 }]);
  expect(result.steps[0]?.stdout).toContain('"done"');
  expect(result.collected.size).toBe(0);
});

test('an account that is forged, cut or too long is no account', async () => {
  const steps = [shell('true')];
  const judged = (stdout: (nonce: string) => string, how: 'exited' | 'signalled' = 'exited') => {
    const fake: Sandbox = {
      describe: async () => 'forged',
      run: async (request: SandboxRequest) => {
        const [head = ''] = Buffer.from(request.stdin).toString('utf8').split('\n');
        const { nonce } = JSON.parse(head) as { nonce: string };
        return { how, exitCode: how === 'exited' ? 0 : null, stdout: stdout(nonce), stderr: '', milliseconds: 1 };
      },
    };
    return runWorkspace(fake, { files: new Map(), steps, collect: [out('out')], limits });
  };
  const step = '{"step":0,"how":"exited","exitCode":0,"milliseconds":1,"stdout":"","stderr":""}\n';
  const end = (nonce: string, lines: number) => `{"done":"${nonce}","lines":${lines}}\n`;
  const file = '{"file":"out","data":""}\n';
  await expect(judged((nonce) => step + file + end(nonce, 2))).resolves.toMatchObject({ steps: [{ exitCode: 0 }] });
  for (const forged of [
    () => '',
    () => step,
    () => step + end('0'.repeat(32), 1),
    (nonce: string) => step + end(nonce, 1).trimEnd(),
    (nonce: string) => step + end(nonce, 2),
    (nonce: string) => end(nonce, 0),
    (nonce: string) => step + step + end(nonce, 2),
    (nonce: string) => step.replace('0', '1') + end(nonce, 1),
    (nonce: string) => step + file + file + end(nonce, 3),
    (nonce: string) => step + file.replace('out', 'other') + end(nonce, 2),
    (nonce: string) => `${step}${file}{"refused":"out","why":""}\n${end(nonce, 3)}`,
    (nonce: string) => step + end(nonce, 1) + end(nonce, 2),
    (nonce: string) => `${step}passed\n${end(nonce, 2)}`,
    (nonce: string) => step.replace('}', ',"reward":1}') + end(nonce, 1),
  ])
    await expect(judged(forged), forged.toString()).rejects.toMatchObject({ code: 'verifier.failed' });
  await expect(judged((nonce) => step + end(nonce, 1), 'signalled')).rejects.toMatchObject({ code: 'verifier.failed' });
});

test('sealed files can be read and not written', async () => {
  const result = await run([shell(`echo x > ${SEALED}/s; cat ${SEALED}/s`)], { sealed: artifactOf({ s: 'sealed' }) });
  expect(result.steps[0]?.stdout).toBe('sealed');
});
