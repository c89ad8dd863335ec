import { expect, test, vi } from 'vitest';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import type { Sandbox, SandboxResult } from '../../../contracts/ports.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { judgeVariant } from '../../hacks/judging.ts';
import { PROGRAM_CORPUS } from '../../hacks/program/corpus.ts';
import { FUNCTIONS } from '../../hacks/program/function-problems.ts';
import { STDIO } from '../../hacks/program/stdio-problems.ts';
import type { Sample } from '../../hacks/variant.ts';
import type { ProgramCheck } from './check.ts';

vi.setConfig({ testTimeout: 120_000 });
const sandbox = createBubblewrapSandbox();
const instruments = { sandbox, secret: 'a secret' };

const sampleOf = (name: string, change: object = {}): Sample => {
  const sample = PROGRAM_CORPUS.find(({ task }) => task.family === name)!;
  return { ...sample, task: { ...sample.task, check: { ...(sample.task.check as object), ...change } } };
};
const judge = (sample: Sample, source: string | Uint8Array, using = instruments) =>
  judgeVariant(sample, { [Object.keys(sample.gold)[0]!]: source }, using);
const SUM = STDIO[0]!;
const GCD = FUNCTIONS[0]!;

test.concurrent.each(PROGRAM_CORPUS)('the gold of $task.id is solved', async (sample) => {
  const judged = await judgeVariant(sample, sample.gold, instruments);
  expect(judged, JSON.stringify(judged).slice(0, 2_000)).toMatchObject({ outcome: 'success', reward: { total: 1 } });
});

test('what is known by heart earns nothing where inputs are secret, and passes where they are not', async () => {
  const [cheat] = sampleOf('sum-python').cheats;
  const secret = await judgeVariant(sampleOf('sum-python'), cheat!.artifact, instruments);
  expect(secret).toMatchObject({
    reward: { total: 0 },
    judgement: { components: [{ why: '3 of 3 cases right, 0 of 6 secret inputs' }] },
  });
  expect(
    await judgeVariant(sampleOf('sum-python', { secretInputs: null }), cheat!.artifact, instruments),
  ).toMatchObject({
    reward: { solved: true },
  });
  const shared = await judgeVariant(sampleOf('sum-python', { credit: 'share' }), cheat!.artifact, instruments);
  expect(shared).toMatchObject({ reward: { total: 0, solved: false } });
});

test.concurrent.each(['gcd-python', 'gcd-javascript'])(
  'version 1 judges %s as it did, modules included',
  async (name) => {
    const sample = sampleOf(name);
    const modules = sample.honest.filter((variant) => variant.class === 'module');
    const old = { ...sample, task: { ...sample.task, verifier: { name: 'program', version: 1 } } };
    expect(modules.length).toBeGreaterThan(0);
    expect(await judgeVariant(old, sample.gold, instruments)).toMatchObject({ outcome: 'success' });
    for (const { artifact } of modules) {
      expect(await judgeVariant(sample, artifact, instruments)).toMatchObject({ outcome: 'success' });
      expect(await judgeVariant(old, artifact, instruments)).toMatchObject({ outcome: 'policy_failure' });
    }
  },
);

test('credit by share is the share of right cases', async () => {
  const source = `${GCD.python.replace('def gcd', 'def right')}\ndef gcd(a, b): return 1 if (a, b) == (12, 18) else right(a, b)\n`;
  const judged = await judge(sampleOf('gcd-python', { credit: 'share' }), source);
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 3 / 4, solved: false } });
});

test('secret inputs follow from the secret, and differ with it', async () => {
  const inputs = async (secret: string) => {
    const judged = await judge(sampleOf('sum-python'), SUM.python, { sandbox, secret });
    return 'judgement' in judged ? canonicalJson(judged.judgement.seen) : '';
  };
  const [one, again, other] = [await inputs('one'), await inputs('one'), await inputs('other')];
  expect(again).toBe(one);
  expect(other).not.toBe(one);
});

test.each(['python', 'javascript'] as const)('expected values never lie beside a candidate: %s', async (language) => {
  const requests: string[] = [];
  const spy: Sandbox = {
    describe: () => sandbox.describe(),
    run: (request) => {
      requests.push(JSON.stringify(request));
      return sandbox.run(request);
    },
  };
  const mark = '# the candidate'.replace('#', language === 'python' ? '#' : '//');
  const sample = sampleOf(`sum-${language}`);
  const check = sample.task.check as Extract<ProgramCheck, { kind: 'stdio' }>;
  const told = {
    ...check,
    cases: [
      { stdin: '1 2', stdout: 'c4n4ry-expected' },
      { stdin: '3', stdout: '3' },
    ],
  };
  await judge(sampleOf(`sum-${language}`, told), `${mark}\n${SUM[language]}`, { sandbox: spy, secret: 's' });
  const beside = requests.filter((request) => request.includes('the candidate'));
  expect(beside).toHaveLength(2 + check.secretInputs!.count);
  for (const request of beside) {
    expect(request).not.toContain('c4n4ry');
    expect(request).not.toContain('request[\\"seed\\"]');
  }
});

test('nothing is kept from one input to the next', async () => {
  const source = `import os\ntry:\n    os.mkdir('/tmp/been')\nexcept OSError:\n    raise SystemExit(1)\n${SUM.python}`;
  expect(await judge(sampleOf('sum-python'), source)).toMatchObject({ reward: { solved: true } });
});

test('a program that computes for ever is stopped by its processor time', async () => {
  const judged = await judge(sampleOf('sum-javascript', { seconds: 1 }), 'for (;;);\n');
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
  const [first] = 'judgement' in judged ? (judged.judgement.seen as { answer: string }[]) : [];
  expect(first?.answer).toBe('stopped');
  const run = 'judgement' in judged ? judged.judgement.runs[0] : undefined;
  expect(run?.how).toBe('signalled');
});

test('after a case that hangs the later ones are not begun', async () => {
  const started = Date.now();
  const judged = await judge(sampleOf('sum-python', { seconds: 1 }), 'import time\ntime.sleep(60)\n');
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
  expect(Date.now() - started).toBeLessThan(100_000);
  const seen = 'judgement' in judged ? (judged.judgement.seen as { answer: string }[]).map(({ answer }) => answer) : [];
  expect(seen.slice(0, 4)).toEqual(['stopped', 'stopped', 'stopped', 'stopped']);
  expect(new Set(seen.slice(4))).toEqual(new Set(['skipped']));
});

test.each([
  ['no UTF-8', new Uint8Array([0x70, 0xff, 0xfe]), 'not UTF-8'],
  ['empty', '', 'empty'],
  ['blank', ' \n\t', 'blank'],
  ['a zero byte', 'print(1)\0', 'zero byte'],
  ['too large', 'x'.repeat(70_000), '70000 bytes'],
])('what is no source has a gate that says so: %s', async (_name, source, why) => {
  const judged = await judge(sampleOf('sum-python'), source);
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
  expect(JSON.stringify(judged)).toContain(why);
});

test('a missing file, and one too many, are refused before anything is run', async () => {
  for (const artifact of [{}, { 'solution.py': SUM.python, 'sitecustomize.py': '' }])
    expect(await judgeVariant(sampleOf('sum-python'), artifact, instruments)).toMatchObject({
      reward: { total: 0 },
      judgement: { gates: [{ name: 'declared', passed: false }], runs: [] },
    });
});

test.each(['sum-python', 'gcd-javascript', 'gcd-python'])('files beside %s are laid out, and bounded', async (name) => {
  const { task, ...rest } = sampleOf(name);
  const lib = { path: 'lib/', maxBytes: 100, required: false };
  const sample = { ...rest, task: { ...task, deliverables: [...task.deliverables, lib] } };
  const beside = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`lib/m${index}.py`, 'x = 1\n']));
  const many = await judgeVariant(sample, { ...sample.gold, ...beside(100) }, instruments);
  expect(many).toMatchObject({ outcome: 'success' });
  expect(await judgeVariant(sample, { ...sample.gold, ...beside(1_000) }, instruments)).toMatchObject({
    outcome: 'policy_failure',
    reward: { total: 0 },
    judgement: {
      gates: [{ name: 'source', passed: false, why: '1001 files, more than 1000' }],
      runs: [],
    },
  });
});

test('a function in Python that ends or slows the driver is wrong, and not masked', async () => {
  const limits = ['CPU', 'NOFILE', 'NPROC', 'AS'].map((name) => `resource.prlimit(1, resource.RLIMIT_${name}, (0, 0))`);
  const others = [
    'os.setpriority(os.PRIO_PROCESS, 1, 19)',
    'os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))',
  ];
  for (const line of [...limits, ...others])
    expect(await judge(sampleOf('gcd-python'), `import os, resource\n${line}\n${GCD.python}`), line).toMatchObject({
      outcome: 'policy_failure',
      reward: { total: 0 },
    });
});

test('failures of ours have no reward', async () => {
  const failing = (run: () => Promise<SandboxResult>) =>
    judge(sampleOf('sum-python'), SUM.python, { secret: 's', sandbox: { describe: async () => '', run } });
  const broken = await failing(() => Promise.reject(new AnnealError('sandbox.failed', 'no')));
  expect(broken).toMatchObject({ outcome: 'infrastructure_failure' });
  expect(broken).not.toHaveProperty('reward');
  await expect(
    failing(async () => ({ how: 'exited', exitCode: 127, stdout: '', stderr: 'no python', milliseconds: 1 })),
  ).rejects.toMatchObject({ code: 'sandbox.unavailable' });
  for (const source of ['raise SystemExit(1)', 'print("[]")', 'print("no json")', 'print("[1,2,3,4,5,6]")']) {
    const { secretInputs } = sampleOf('sum-python').task.check as ProgramCheck;
    const generator = { language: 'python', source };
    const judged = await judge(sampleOf('sum-python', { secretInputs: { ...secretInputs, generator } }), SUM.python);
    expect(judged).toMatchObject({ outcome: 'verifier_failure' });
    expect(judged).not.toHaveProperty('reward');
  }
});

test('a sandbox that breaks in the middle masks the sample', async () => {
  let runs = 0;
  const breaking: Sandbox = {
    describe: () => sandbox.describe(),
    run: (request) => {
      runs += 1;
      return runs === 7 ? Promise.reject(new AnnealError('sandbox.failed', 'gone')) : sandbox.run(request);
    },
  };
  expect(await judge(sampleOf('gcd-javascript'), GCD.javascript, { sandbox: breaking, secret: 's' })).toMatchObject({
    outcome: 'infrastructure_failure',
  });
});

test('a harness that never begins is nobody’s wrong answer', async () => {
  const mute: Sandbox = {
    describe: () => sandbox.describe(),
    run: async (request) =>
      'anneal-harness.cjs' in request.files
        ? { how: 'signalled', exitCode: null, stdout: '', stderr: '', milliseconds: 1 }
        : sandbox.run(request),
  };
  expect(await judge(sampleOf('gcd-javascript'), GCD.javascript, { sandbox: mute, secret: 's' })).toMatchObject({
    outcome: 'verifier_failure',
  });
});
