// Python functions are no artifact tasks, so that they stand beside the corpus of those. Every cheat takes its turn on some of the tasks;
// npm run accept -- integrity tries each on all of them.
import { expect, test, vi } from 'vitest';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { rowCheats } from './cheats.ts';
import { gradeRows } from './judging.ts';
import { functionOf, ROW_PROBLEMS, rowTask } from './problems.ts';

vi.setConfig({ testTimeout: 120_000, maxConcurrency: 2 });

const instruments = { sandbox: createBubblewrapSandbox(), secret: 'a secret of the corpus' };
const TURNS = 2;

const cheats = rowCheats(ROW_PROBLEMS[0]!).flatMap(({ name }, at) =>
  Array.from({ length: TURNS }, (_, turn) => {
    const problem = ROW_PROBLEMS[(TURNS * at + turn) % ROW_PROBLEMS.length]!;
    return { name: `${problem.name}: ${name}`, problem, source: rowCheats(problem)[at]!.source };
  }),
);
const honest = ROW_PROBLEMS.flatMap((problem) =>
  problem.others.map((body, at) => ({ name: `${problem.name}: way ${at + 1}`, problem, body })),
);

test.concurrent.each(cheats)('cheat, $name', async ({ problem, source }) => {
  const graded = await gradeRows(source, rowTask(problem), instruments);
  expect(graded).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
});

test.concurrent.each(ROW_PROBLEMS.slice(0, 3))('$name: by version 2 a table of its cases is right', async (problem) => {
  const [table] = rowCheats(problem);
  expect(await gradeRows(table!.source, rowTask(problem, 2), instruments)).toMatchObject({ outcome: 'success' });
});

test.concurrent.each(honest)('honest, $name', async ({ problem, body }) => {
  const graded = await gradeRows(functionOf(body), rowTask(problem), instruments);
  expect(graded, JSON.stringify(graded).slice(0, 2_000)).toMatchObject({ outcome: 'success', reward: { total: 1 } });
});
