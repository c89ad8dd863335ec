// Sets whose tasks have rubrics, by the commands: a *scripted* judge is measured, certifies what it may, and is asked nothing twice.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import type { Lineage } from '../../contracts/artifact-set.ts';
import { taskSetManifest } from '../../contracts/made-with.ts';
import { QUESTION_CRITERIA, questionOn } from '../../tests/support/judged-question.ts';
import { type AskedOfJudge, type ScriptedJudge, startScriptedJudge } from '../../tests/support/scripted-judge.ts';
import { openSession, type Run } from '../session.ts';
import { addTaskset } from './taskset.ts';

vi.setConfig({ testTimeout: 180_000 });
const TOPICS = ['pears', 'kilns', 'ferries', 'wells', 'mills'];
const KNOWN = Array.from({ length: 40 }, (_, at) => ({
  about: 'Why was it given up?',
  text: at % 2 === 0 ? `Because reason ${at}.` : `I do not know, ${at} times.`,
  right: at % 2 === 0,
}));
const SET = {
  ...{ apiVersion: 'anneal.dev/v1', kind: 'TaskSet', name: 'town', seed: 1, alike: 1 },
  source: { kind: 'open-questions', file: 'q.jsonl' },
};

let folder: string;
let judge: ScriptedJudge;
let says: (asked: AskedOfJudge) => boolean | string | number;
const fair = ({ artifact }: AskedOfJudge): boolean => /^Because /.test(artifact);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-taskset-'));
  vi.stubEnv('ANNEAL_HOME', join(folder, 'home'));
  writeFileSync(join(folder, 'q.jsonl'), TOPICS.map((topic) => JSON.stringify(questionOn(topic))).join('\n'));
  const rubrics = [{ criteria: QUESTION_CRITERIA, items: KNOWN }];
  writeFileSync(join(folder, 'known.json'), JSON.stringify({ schema: 'anneal/judge-calibration-set/v1', rubrics }));
  says = fair;
  judge = await startScriptedJudge((asked) => says(asked));
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await judge.close();
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = undefined;
});

const named = (change: object = {}) => ({
  ...{ endpoint: judge.endpoint, model: 'judge-8b', family: 'scripted', policyFamily: 'smollm' },
  ...{ calibration: 'known.json', ...change },
});
function written(change: object): string {
  const path = join(folder, 'set.yaml');
  writeFileSync(path, stringify({ ...SET, ...change }));
  return path;
}
async function taskset(
  ...argv: string[]
): Promise<{ lock: { kept: number; root: string }; lineage: Lineage['records'] }> {
  let out = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  const run: Run = (work, command) => work(openSession(command.optsWithGlobals()));
  const program = new Command('anneal').option('--json');
  addTaskset(program, run);
  try {
    await program.parseAsync(['--json', 'taskset', ...argv], { from: 'user' });
  } finally {
    stdout.mockRestore();
  }
  return JSON.parse(out);
}

test('the judge that the file names is measured once, and certifies; what it says no to is dropped', async () => {
  says = (asked) => fair(asked) && !asked.artifact.includes('mend the wells');
  const set = written({ judge: named() });
  const { lock, lineage } = await taskset('build', set);
  expect(lock.kept).toBe(TOPICS.length - 1);
  const dropped = lineage.filter(({ outcome }) => outcome.what === 'dropped');
  expect(dropped).toMatchObject([
    {
      id: 'open-questions#wells',
      outcome: { step: 'certify', why: [expect.stringMatching(/the gold is not rewarded/)] },
    },
  ]);
  const questions = judge.asked.length;
  expect(questions).toBeGreaterThan(KNOWN.length);

  // Nothing is asked again: what was measured and said is on record, and the items are done.
  const locked = join(folder, 'town.lock');
  expect((await taskset('lock', set, '--out', locked)).lock.root).toBe(lock.root);
  expect(judge.asked).toHaveLength(questions);
  expect(JSON.parse(readFileSync(locked, 'utf8')).root).toBe(lock.root);

  // What it was made with lies beside the lock, which has none of it.
  const { store } = openSession({});
  const [manifest] = await store.listNamed('task-set-manifests/');
  const beside = JSON.parse(new TextDecoder().decode((await store.readNamed(manifest!))!.bytes));
  expect(taskSetManifest.parse(beside)).toMatchObject({ root: lock.root, made: { machine: { arch: process.arch } } });

  const edited = join(folder, 'edited.lock');
  writeFileSync(edited, readFileSync(locked, 'utf8').replace('"name":"town"', '"name":"city"'));
  for (const argv of [
    ['certify', edited],
    ['diff', locked, edited],
  ])
    await expect(taskset(...argv)).rejects.toMatchObject({ code: 'tasks.unsigned' });

  await expect(taskset('certify', locked)).rejects.toMatchObject({
    code: 'task.invalid',
    message: expect.stringMatching(/cannot be judged \(--set names .*\): open-questions#.* has a rubric/),
  });
  await taskset('certify', locked, '--set', set);
  expect(process.exitCode).toBeUndefined();
});

test('what nobody could judge is no record of what a judge says, nor one judge’s word another’s', async () => {
  says = () => false;
  const first = written({ judge: named({ leastAgreement: 0.8 }) });
  await expect(taskset('build', first)).rejects.toMatchObject({ code: 'judge.refused' });
  says = (asked) => fair(asked) && !asked.artifact.includes('mend the');
  await expect(taskset('build', first)).rejects.toMatchObject({ code: 'tasks.none_left' });
  says = fair;
  const other = written({ judge: named({ model: 'judge-9b' }) });
  expect((await taskset('build', other)).lock.kept).toBe(TOPICS.length);
});

test.each<[string, () => object, string, string]>([
  ['none where there are rubrics', () => ({}), 'spec.missing_field', 'judge'],
  [
    'one of the policies’ family',
    () => ({ judge: named({ policyFamily: 'Scripted' }) }),
    'spec.out_of_range',
    'judge.family',
  ],
  [
    'one for policies of no family',
    () => ({ judge: named({ policyFamily: undefined }) }),
    'spec.missing_field',
    'judge.policyFamily',
  ],
  [
    'one without its artifacts',
    () => ({ judge: named({ calibration: 'gone.json' }) }),
    'spec.missing_file',
    'judge.calibration',
  ],
  [
    'one where there are no rubrics',
    () => ({ judge: named(), source: { kind: 'traces', tasks: 3 } }),
    'spec.out_of_range',
    'judge',
  ],
])('a set’s file with a judge, %s, is refused before anything is asked', async (_, change, code, path) => {
  await expect(taskset('build', written(change()))).rejects.toMatchObject({
    code: 'spec.invalid',
    problems: [{ code, path }],
  });
  expect(judge.asked).toEqual([]);
});

test('a difficulty that nothing measures is refused before anything is asked; pass rates in a file sieve the set', async () => {
  const set = written({ judge: named(), difficulty: { min: 0, max: 0.5 } });
  await expect(taskset('build', set)).rejects.toMatchObject({
    code: 'spec.invalid',
    problems: [{ path: 'difficulty', line: expect.any(Number), hint: expect.stringContaining('./anneal pilot') }],
  });
  expect(judge.asked).toHaveLength(0);

  const [id] = [`open-questions#wells`];
  const file = join(folder, 'rates.json');
  const rates = { schema: 'anneal/starting-pass-rates/v1', command: 'pilot', model: 'base', samplesPerTask: 8 };
  writeFileSync(file, JSON.stringify({ ...rates, rates: { [id]: 1 }, counts: { [id]: { solved: 7, tried: 7 } } }));
  const { lock, lineage } = await taskset('build', set, '--pass-rates', file);
  expect(lock.kept).toBe(TOPICS.length - 1);
  expect(lineage.filter(({ outcome }) => outcome.what === 'dropped')).toMatchObject([
    {
      id,
      passRate: { solved: 7, tried: 7 },
      outcome: { step: 'difficulty', why: ['too easy: solved 7 of 7, more than 0.5'] },
    },
  ]);

  writeFileSync(file, JSON.stringify({ ...rates, rates: { [id]: 1 }, counts: { [id]: { solved: 9, tried: 8 } } }));
  await expect(taskset('build', set, '--pass-rates', file)).rejects.toMatchObject({
    code: 'spec.invalid',
    problems: [{ path: `counts.${id}` }],
  });
  writeFileSync(file, '{"rates": 3}');
  await expect(taskset('build', set, '--pass-rates', file)).rejects.toMatchObject({ code: 'spec.invalid' });
  await expect(taskset('build', set, '--pass-rates', join(folder, 'none'))).rejects.toMatchObject({
    code: 'spec.missing_file',
  });
});
