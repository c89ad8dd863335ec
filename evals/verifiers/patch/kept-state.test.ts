// What a process leaves for the next, what it leaves for its driver to clear, and what becomes of a candidate that ends its driver.
import { describe, expect, test, vi } from 'vitest';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { judgeVariant } from '../../hacks/judging.ts';
import { FOLDERS } from '../../hacks/patch/cheats-kept.ts';
import { PATCH_CORPUS } from '../../hacks/patch/corpus.ts';
import { PYTHON } from '../../hacks/patch/repositories-python.ts';
import { handedIn } from '../../hacks/patch/repository.ts';
import { TERMINAL_STATE_CORPUS } from '../../hacks/terminal-state/corpus.ts';
import { type Losing, losing } from '../../workspace/losing.fixture.ts';
import { tossed, trialsOf } from './sentinels.ts';

// Generous: a loaded machine must not fail a test.
vi.setConfig({ testTimeout: 300_000 });

const sandbox = createBubblewrapSandbox();
const sampleOf = (family: string) => PATCH_CORPUS.find(({ task }) => task.family === family)!;
const intervals = sampleOf('intervals');
const keptIn = (family: string) =>
  sampleOf(family)
    .cheats.filter(({ class: kind }) => kind === 'state kept')
    .map((variant) => ({ family, variant, name: variant.name }));

test.each([...keptIn('intervals'), ...keptIn('chunks')])('$family: $name', async ({ family, variant }) => {
  // For some of these secrets the first text that it sees would be the real one.
  for (const secret of ['0', '1', '2', '4']) {
    const judged = await judgeVariant(sampleOf(family), variant.artifact, { sandbox, secret });
    expect(judged, secret).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
  }
});

test('folders without number are the candidate’s own trouble', async () => {
  const { task } = intervals;
  const check = { ...(task.check as object), secondsPerTest: 3 } as unknown as typeof task.check;
  const cheat = handedIn(FOLDERS.diff(PYTHON.find(({ name }) => name === 'intervals')!));
  const judged = await judgeVariant({ ...intervals, task: { ...task, check } }, cheat, { sandbox, secret: 's' });
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
});

describe('a driver that is lost', () => {
  const judge = (of: Losing) => judgeVariant(intervals, intervals.gold, { sandbox: of.sandbox, secret: 's' });

  test('once is nobody’s fault', async () => {
    const once = losing(sandbox, 'Intervals', 1);
    expect(await judge(once)).toMatchObject({ outcome: 'success' });
    expect(once.lost()).toBe(1);
  });

  test('twice is the candidate’s, where a plain run is not lost', async () => {
    const judged = await judge(losing(sandbox, 'Intervals', 2));
    expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
    const gate = 'judgement' in judged ? judged.judgement.gates.at(-1) : undefined;
    expect(gate).toMatchObject({ name: 'leaves its driver alone', passed: false });
    const [session] = TERMINAL_STATE_CORPUS as [(typeof TERMINAL_STATE_CORPUS)[number]];
    const left = await judgeVariant(session, session.gold, { ...losing(sandbox, 'Outputs', 2), secret: 's' });
    expect(left).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
  });

  test('and the machine’s, where one is', async () => {
    expect(await judge(losing(sandbox, '', Number.POSITIVE_INFINITY))).toMatchObject({ outcome: 'verifier_failure' });
  });
});

test.each([1, 2, 5])('of %i tests each has its own real runs and twins', (count) => {
  const ids = Array.from({ length: count }, (_, index) => `test.py::T::test_${index}`);
  const flips = ids.map((id) => ({ test: id, path: 'test.py', start: 0, end: 1, text: '2' }));
  const trials = trialsOf(flips as unknown as Parameters<typeof trialsOf>[0], ids, 'each', 'secret', 'purpose');
  for (const id of ids) {
    const own = trials.filter((trial) => trial.id === id);
    const twins = own.filter(({ twin }) => twin !== undefined).length;
    expect(tossed(own.length - twins, twins)).toBeLessThan(0.0033);
  }
  expect(tossed()).toBeCloseTo(0.00325, 5);
});
