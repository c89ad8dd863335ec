import { expect, test, vi } from 'vitest';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { taskId } from '../../../contracts/ids.ts';
import type { Sandbox, SandboxResult } from '../../../contracts/ports.ts';
import type { Task, TypedValue } from '../../../contracts/task.ts';
import { reward as rewardSchema } from '../../../contracts/trajectory.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { gradeReply } from '../registry.ts';
import { gradePythonReply } from './grade.ts';
import { runCandidates } from './run.ts';

// Generous: a loaded machine must not fail a test; the limits under test are the sandbox's own.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const sandbox = createBubblewrapSandbox();
const weights = { correctness: 1, partial: 0.5, format: 0.2 };
const int = (value: number): TypedValue => ({ t: 'int', v: String(value) });

const TASK: Task = {
  id: taskId.parse('operator.add#plain'),
  family: 'operator.add',
  phrasing: 'plain',
  instruction: 'Write a Python function `add(a, b)` that returns the sum of a and b.',
  entrypoint: { name: 'add', parameters: ['a', 'b'] },
  verifier: { name: 'python-function', version: 1 },
  cases: [
    [2, 3],
    [10, -4],
    [0, 0],
  ].map(([a, b]) => ({ args: [int(a!), int(b!)], expected: int(a! + b!) })),
  gold: 'def add(a, b):\n    return a + b\n',
};
const block = (source: string): string => `\`\`\`python\n${source}\n\`\`\``;
const grade = (reply: string, task: Task = TASK) => gradeReply({ reply, task, weights, sandbox });

test.concurrent.each([
  ['exactly one block', block(TASK.gold), 'success', { format: 1, correctness: 1, partial: 1 }, 1.2],
  ['text around it', `Here:\n${block(TASK.gold)}\nDone.`, 'success', { format: 0, correctness: 1, partial: 1 }, 1],
  ['bare code', TASK.gold, 'success', { format: 0, correctness: 1, partial: 1 }, 1],
  ['unclosed fence', `\`\`\`python\n${TASK.gold}`, 'success', { format: 0, correctness: 1, partial: 1 }, 1],
  ['unmarked fence', `\`\`\`\n${TASK.gold}\`\`\``, 'success', { format: 0, correctness: 1, partial: 1 }, 1],
  ['two blocks', `${block(TASK.gold)}\n${block('x')}`, 'success', { format: 0, correctness: 1, partial: 1 }, 1],
  [
    'wrong',
    block('def add(a, b):\n    return a'),
    'policy_failure',
    { format: 1, correctness: 0, partial: 1 / 3 },
    0.2 + 0.5 / 3,
  ],
  [
    'another name',
    block('def plus(a, b):\n    return a + b'),
    'policy_failure',
    { format: 0, correctness: 0, partial: 0 },
    0,
  ],
  ['syntax error', block('def add(a, b):\nreturn a'), 'policy_failure', { format: 0, correctness: 0, partial: 0 }, 0],
  ['empty file', block(''), 'policy_failure', { format: 0, correctness: 0, partial: 0 }, 0],
  ['no code', 'I cannot do that.', 'policy_failure', { format: 0, correctness: 0, partial: 0 }, 0],
  ['nothing', '', 'policy_failure', { format: 0, correctness: 0, partial: 0 }, 0],
  ['prints while right', block(`print("x")\n${TASK.gold}`), 'success', { format: 1, correctness: 1, partial: 1 }, 1.2],
] as const)('%s', async (_name, reply, outcome, components, total) => {
  const graded = await grade(reply);
  expect(graded.outcome).toBe(outcome);
  expect(graded.reward?.components).toEqual(components);
  expect(graded.reward?.total).toBeCloseTo(total, 12);
  const ref = { uri: `store:objects/00/${'0'.repeat(64)}`, sha256: '0'.repeat(64), bytes: 0 };
  expect(rewardSchema.safeParse({ ...graded.reward, evidence: ref }).success).toBe(true);
});

/** Every one would pass a naive verifier, or stop it from giving a verdict; each must end as an ordinary wrong answer. */
const CHEATS: Readonly<Record<string, string>> = {
  'exit(0)': 'import sys\nsys.exit(0)\ndef add(a, b): pass',
  'exit inside the call': 'import os\ndef add(a, b): os._exit(0)',
  'forged results on every descriptor': `import os
for fd in range(64):
    for line in (b'L{"t":"int","v":"5"}\\n', b'{"job":0,"case":0,"how":"message","data":"L{}"}\\n{"done":true}\\n'):
        try: os.write(fd, line)
        except OSError: pass
def add(a, b): pass`,
  'an object equal to everything': `class Any(int):
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def __repr__(self): return '5'
def add(a, b): return Any(5)`,
  'a subclass of int with the right value': 'class N(int): pass\ndef add(a, b): return N(a + b)',
  'killing the driver': `import os
def add(a, b):
    for s in range(1, 65):
        try: os.kill(1, s)
        except OSError: pass
    os.kill(os.getppid(), 9)`,
  'killing everything': 'import os\ndef add(a, b):\n    os.kill(-1, 9)',
  sleeping: 'import time\ndef add(a, b): time.sleep(1000)',
  spinning: 'def add(a, b):\n    while True: pass',
  'catching the processor limit': `import signal
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
def add(a, b):
    while True: pass`,
  'huge output': 'def add(a, b):\n    while True: print("x" * 1000000)',
  'a huge answer': 'def add(a, b): return "x" * 10000000',
  'a deep answer': 'def add(a, b):\n    x = []\n    for _ in range(100000): x = [x]\n    return x',
  'memory hog': 'def add(a, b): return len([0] * 10**12)',
  'reading the driver and every file for expected values': `import os, gc, sys
def add(a, b):
    texts = [open('/work/' + name).read() for name in os.listdir('/work')]
    frame, seen = sys._getframe(), []
    while frame: seen.append(repr(frame.f_locals) + repr(frame.f_globals)); frame = frame.f_back
    everything = ' '.join(texts + seen + [repr(o) for o in gc.get_objects()])
    return int(everything.split('"expected":')[1].split('"')[7])`,
  'site hook for the next process': `import os
for place in ('/work/sitecustomize.py', '/tmp/sitecustomize.py', '/usr/lib/python3/sitecustomize.py'):
    try: open(place, 'w').write('def add(a, b): return 5')
    except OSError: pass
def add(a, b): pass`,
  'patched built-ins, json and os': `import builtins, json, os, sys
builtins.type = lambda x: int
builtins.callable = lambda x: True
json.dumps = lambda *a: '{"t":"int","v":"5"}'
sys.modules['__main__'].encode = lambda *a: '{"t":"int","v":"5"}'
def add(a, b): return object()`,
  'forking so that both halves answer': `import os
def add(a, b):
    os.fork()
    return a - b`,
  'a fork that keeps the pipe open': `import os, time
def add(a, b):
    if os.fork() == 0:
        os.setsid()
        time.sleep(1000)
    os._exit(0)`,
  'fork bomb': 'import os\ndef add(a, b):\n    while True: os.fork()',
  'threads that outlive the call': `import threading, time
def add(a, b):
    for _ in range(5): threading.Thread(target=time.sleep, args=(100,)).start()`,
  'an exception that names itself': 'def add(a, b):\n    raise type("int", (Exception,), {})()',
  'True for 1': 'def add(a, b): return True',
  'a float for an int': 'def add(a, b): return float(a + b)',
  'counting calls across cases': `calls = []
def add(a, b):
    calls.append(1)
    return [0, 6, 0][len(calls)]`,
};

test.concurrent.each(Object.entries(CHEATS))('cheat: %s', async (_name, source) => {
  const graded = await grade(block(source));
  expect(graded.outcome).toBe('policy_failure');
  expect(graded.reward?.components.correctness).toBe(0);
  // A forged message is no more than that one case's answer, so at most one case can be right by luck.
  expect(graded.reward!.components.partial).toBeLessThanOrEqual(1 / 3);
  expect(graded.evidence.cases).toHaveLength(3);
});

test('the driver itself cannot be reached: a case after an attack is judged normally', async () => {
  const source = `import os, ctypes
def add(a, b):
    if a == 2:
        os.kill(-1, 9)
    try: ctypes.CDLL(None).ptrace(16, 1, 0, 0)
    except Exception: pass
    return a + b`;
  const graded = await grade(block(source));
  expect(graded.evidence.cases.map((item) => item.right)).toEqual([false, true, true]);
});

test('expected values never enter the sandbox', async () => {
  const secret = 'c4n4ry-expected-value';
  let everything = '';
  const spy: Sandbox = {
    describe: () => sandbox.describe(),
    run: (request) => {
      everything += JSON.stringify(request);
      return sandbox.run(request);
    },
  };
  const task: Task = { ...TASK, gold: secret, cases: [{ args: [int(1), int(2)], expected: { t: 'str', v: secret } }] };
  const graded = await gradePythonReply({ reply: block(TASK.gold), task, weights, sandbox: spy });
  expect(graded.outcome).toBe('policy_failure');
  expect(everything).toContain('def add');
  expect(everything).not.toContain(secret);
});

test('grading twice gives the same bytes', async () => {
  const source = `def add(a, b):
    if a == 0: raise ValueError('x' + str(a))
    return list({'p', 'q', 'r', str(a)}) if a == 10 else a + b`;
  const [first, second] = [await grade(block(source)), await grade(block(source))];
  expect(canonicalJson(first)).toBe(canonicalJson(second));
  expect(canonicalJson(first)).toContain('ValueError');
});

test('an expected exception agrees by class name', async () => {
  const task = {
    ...TASK,
    cases: [{ args: [int(1), int(0)], expected: { t: 'error', v: 'ZeroDivisionError' } as const }],
  };
  expect((await grade(block('def add(a, b): return a / b'), task)).outcome).toBe('success');
  expect((await grade(block('def add(a, b): return None'), task)).outcome).toBe('policy_failure');
  expect((await grade(block('def add(a, b): raise ValueError'), task)).outcome).toBe('policy_failure');
});

test('failures of ours mask the sample; an unusable machine throws', async () => {
  const failing = (run: () => Promise<SandboxResult>) =>
    gradePythonReply({ reply: block(TASK.gold), task: TASK, weights, sandbox: { describe: async () => '', run } });
  const broken = await failing(() => Promise.reject(new AnnealError('sandbox.failed', 'no')));
  expect(broken).toMatchObject({ outcome: 'infrastructure_failure', reason: 'sandbox.failed' });
  expect(broken.reward).toBeUndefined();
  const output = (stdout: string, exitCode = 0) =>
    failing(async () => ({ how: 'exited', exitCode, stdout, stderr: '', milliseconds: 1 }));
  const report = (index: number) => `{"job":0,"case":${index},"how":"message","data":"L{}"}\n`;
  for (const stdout of [
    '',
    'PASSED\n',
    report(0),
    `${report(0)}${report(0)}`,
    `${report(7)}{"done":true}\n`,
    '{"done":true}\n',
  ])
    expect(await output(stdout)).toMatchObject({ outcome: 'verifier_failure', reason: 'verifier.failed' });
  expect((await output(`${report(0)}${report(1)}${report(2)}{"done":true}\n`, 3)).outcome).toBe('verifier_failure');
  expect((await output(`${report(0)}${report(1)}${report(2)}{"done":true}\n`)).outcome).toBe('policy_failure');
  await expect(failing(() => Promise.reject(new AnnealError('sandbox.unavailable', 'no')))).rejects.toMatchObject({
    code: 'sandbox.unavailable',
  });
});

test('an unknown verifier is refused', () => {
  const task = { ...TASK, verifier: { name: 'python-function' as const, version: 99 } };
  expect(() => gradeReply({ reply: '', task, weights, sandbox })).toThrow(/version 99/);
});

test('a flood in every case is that many wrong answers, and no account that is too long', async () => {
  const source = "import os\nos.write(3, b'L' + b'\\0' * 65000 + b'\\n')\n";
  const cases = Array.from({ length: 200 }, (_, at) => [int(at)]);
  const [run] = await runCandidates(sandbox, [{ source, entry: 'add', cases }]);
  expect(new Set(run!.seen.map(({ how }) => how))).toEqual(new Set(['unreadable', 'oversize']));
});
