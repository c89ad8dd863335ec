// What becomes of a function in Python whose driver is lost while it runs. Programs, and functions in JavaScript, have no driver beside them.
import { expect, test, vi } from 'vitest';
import type { Sandbox } from '../../../contracts/ports.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { judgeVariant } from '../../hacks/judging.ts';
import { PROGRAM_CORPUS } from '../../hacks/program/corpus.ts';
import { FUNCTIONS } from '../../hacks/program/function-problems.ts';
import { losing } from '../../workspace/losing.fixture.ts';
import type { ProgramCheck } from './check.ts';

vi.setConfig({ testTimeout: 120_000 });

const sandbox = createBubblewrapSandbox();
const ALWAYS = Number.POSITIVE_INFINITY;
const SAMPLE = PROGRAM_CORPUS.find(({ task }) => task.family === 'gcd-python')!;
const CHECK = SAMPLE.task.check as ProgramCheck;
const GCD = FUNCTIONS[0]!.python;
const reference = { language: 'python', source: `# of the task\n${GCD}` };
const TASK = { ...SAMPLE.task, check: { ...CHECK, secretInputs: { ...CHECK.secretInputs, reference } } };
const judge = (using: Sandbox, version = 2) =>
  judgeVariant(
    { ...SAMPLE, task: { ...TASK, verifier: { name: 'program', version } } } as typeof SAMPLE,
    { [Object.keys(SAMPLE.gold)[0]!]: `# of a policy\n${GCD}` },
    { sandbox: using, secret: 's' },
  );

test('once is nobody’s fault', async () => {
  const once = losing(sandbox, 'of a policy', 1);
  expect(await judge(once.sandbox)).toMatchObject({ outcome: 'success', reward: { total: 1 } });
  expect(once.lost()).toBe(1);
});

test.each([1, 2])('twice is the candidate’s, where a plain run is not lost: version %i', async (version) => {
  const twice = losing(sandbox, 'of a policy', 2);
  expect(await judge(twice.sandbox, version)).toMatchObject({
    outcome: 'policy_failure',
    reward: { total: 0 },
    judgement: { gates: [{ name: 'leaves its driver alone', passed: false }] },
  });
  expect(twice.lost()).toBe(2);
});

test.each([
  ['ours is lost as well', ['of a policy', 'def plain'], '{"began":0}\n'],
  ['it is the reference’s', ['of the task'], '{"began":0}\n'],
  ['the candidate had not begun', ['of a policy'], ''],
])('it masks where %s', async (_name, words, said) => {
  const all = words.map((word) => losing(sandbox, word, ALWAYS, said));
  const judged = await judge({
    describe: () => sandbox.describe(),
    run: (request) => {
      const texts = Object.values(request.files).join('\n');
      const at = words.findIndex((word) => texts.includes(word));
      return (all[at]?.sandbox ?? sandbox).run(request);
    },
  });
  expect(judged).toMatchObject({ outcome: 'verifier_failure' });
  expect(judged).not.toHaveProperty('reward');
  for (const one of all) expect(one.lost()).toBeGreaterThan(0);
});
