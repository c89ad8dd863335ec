// What becomes of a function whose driver is lost while it runs: run once more, and charged only where a function of ours gets through.
import { expect, test, vi } from 'vitest';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { taskId } from '../../../contracts/ids.ts';
import type { Sandbox } from '../../../contracts/ports.ts';
import type { Task, TypedValue } from '../../../contracts/task.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { losing } from '../../workspace/losing.fixture.ts';
import { gradeReply } from '../registry.ts';

// Generous: a loaded machine must not fail a test.
vi.setConfig({ testTimeout: 120_000 });

const sandbox = createBubblewrapSandbox();
const ALWAYS = Number.POSITIVE_INFINITY;
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
    [7, 1],
  ].map(([a, b]) => ({ args: [int(a!), int(b!)], expected: int(a! + b!) })),
  gold: '# of the task\ndef add(a, b):\n    return a + b\n',
};
const RIGHT = '# of a policy\ndef add(a, b):\n    return a + b\n';
const grade = (using: Sandbox, { source = RIGHT, version = 1 } = {}) =>
  gradeReply({
    ...{ reply: `\`\`\`python\n${source}\`\`\``, sandbox: using, secret: 's' },
    ...{ task: { ...TASK, verifier: { name: 'python-function', version } } },
    weights: { correctness: 1, partial: 0.5, format: 0.2 },
  });

const CHARGED = {
  outcome: 'policy_failure',
  reward: { total: 0, components: { format: 0, correctness: 0, partial: 0 } },
  evidence: { cases: [], refused: { name: 'leaves its driver alone', passed: false } },
};

test('once is nobody’s fault, and leaves no trace', async () => {
  const once = losing(sandbox, 'of a policy', 1);
  const graded = await grade(once.sandbox);
  expect(once.lost()).toBe(1);
  expect(graded).toMatchObject({ outcome: 'success', reward: { total: 1.2 } });
  expect(canonicalJson(graded)).toBe(canonicalJson(await grade(sandbox)));
});

test.each([1, 2, 3])('twice is the candidate’s, by version %i', async (version) => {
  const twice = losing(sandbox, 'of a policy', 2);
  expect(await grade(twice.sandbox, { version })).toMatchObject(CHARGED);
  expect(twice.lost()).toBe(2);
});

test.each([
  ['ours is lost as well', losing(sandbox, '', ALWAYS), 1],
  ['the candidate had not begun', losing(sandbox, 'of a policy', ALWAYS, ''), 1],
  ['it is the reference’s', losing(sandbox, 'of the task', ALWAYS), 3],
])('it masks where %s', async (_name, of, version) => {
  const graded = await grade(of.sandbox, { version });
  expect(graded).toMatchObject({ outcome: 'verifier_failure', reason: 'verifier.failed' });
  expect(graded.reward).toBeUndefined();
  expect(of.lost()).toBeGreaterThan(0);
});

test.each([2, 3])('a sandbox that breaks at run %i, after the driver was lost, masks', async (at) => {
  const { sandbox: lossy } = losing(sandbox, 'of a policy', ALWAYS);
  let runs = 0;
  const breaking: Sandbox = {
    describe: () => sandbox.describe(),
    run(request) {
      runs += 1;
      return runs === at ? Promise.reject(new AnnealError('sandbox.failed', 'gone')) : lossy.run(request);
    },
  };
  const graded = await grade(breaking);
  expect(graded).toMatchObject({ outcome: 'infrastructure_failure', reason: 'sandbox.failed' });
  expect(graded.reward).toBeUndefined();
});

test('the driver itself says when a candidate has begun: one that holds it until the sandbox’s clock ends both is charged', async () => {
  const patient: Sandbox = {
    describe: () => sandbox.describe(),
    run(request) {
      const held = Object.values(request.files).some((text) => Buffer.from(text).includes('of a policy'));
      if (!held) return sandbox.run(request);
      const stdin = JSON.stringify({ ...JSON.parse(`${request.stdin}`), caseSeconds: 60, jobSeconds: 60 });
      return sandbox.run({ ...request, stdin, limits: { ...request.limits, wallMs: 5_000 } });
    },
  };
  const source = '# of a policy\nimport time\ndef add(a, b):\n    time.sleep(50)\n';
  expect(await grade(patient, { source })).toMatchObject(CHARGED);
});
