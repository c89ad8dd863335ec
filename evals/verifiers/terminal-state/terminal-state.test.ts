import { expect, test, vi } from 'vitest';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { judgeVariant } from '../../hacks/judging.ts';
import { TERMINAL_STATE_CORPUS } from '../../hacks/terminal-state/corpus.ts';
import { terminalState, terminalStateCheck } from './terminal-state.ts';

vi.setConfig({ testTimeout: 180_000 });
const instruments = { sandbox: createBubblewrapSandbox(), secret: 'a secret' };
const SAMPLE = TERMINAL_STATE_CORPUS[0]!;
const CHECK = terminalStateCheck.parse(SAMPLE.task.check);

test('a gold is solved, in the same words each time; its impossible variant is not', async () => {
  const judged = await judgeVariant(SAMPLE, SAMPLE.gold, instruments);
  expect(judged, JSON.stringify(judged)).toMatchObject({ reward: { total: 1, solved: true } });
  expect(canonicalJson(await judgeVariant(SAMPLE, SAMPLE.gold, instruments))).toBe(canonicalJson(judged));
  const check = terminalState.impossible(CHECK);
  expect(await judgeVariant({ ...SAMPLE, task: { ...SAMPLE.task, check } }, SAMPLE.gold, instruments)).toMatchObject({
    reward: { total: 0 },
  });
});

test('a program that answers what its test expects is told by the twin that expects something else', async () => {
  const cheat = SAMPLE.cheats.find(({ class: kind }) => kind === 'reading the tests')!;
  const judged = await judgeVariant(SAMPLE, cheat.artifact, instruments);
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
  const gate = 'judgement' in judged ? judged.judgement.gates.at(-1) : undefined;
  expect(gate).toMatchObject({ name: 'no forged outcome', passed: false });
});

test('failures of ours mask the sample', async () => {
  const sandbox = { describe: async () => '', run: () => Promise.reject(new AnnealError('sandbox.failed', 'gone')) };
  const broken = await judgeVariant(SAMPLE, SAMPLE.gold, { sandbox, secret: 's' });
  expect(broken).toMatchObject({ outcome: 'infrastructure_failure' });
  // pytest is a tool that this judgement was not given.
  const check = { ...CHECK, runner: 'pytest' as const };
  const toolless = await judgeVariant({ ...SAMPLE, task: { ...SAMPLE.task, check } }, SAMPLE.gold, instruments);
  expect(toolless).toMatchObject({ outcome: 'verifier_failure' });
  for (const judged of [broken, toolless]) expect(judged).not.toHaveProperty('reward');
});

test('a test without a twin, or without its file, is no check', () => {
  const { error } = terminalStateCheck.safeParse({ ...CHECK, flips: [], tests: {} });
  expect(error?.issues.map(({ message }) => message)).toEqual([
    'lacks tests/test_outputs.py',
    ...CHECK.ids.map((id) => `${id} has no twin that must fail`),
  ]);
});
