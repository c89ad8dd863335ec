// Cheats and honest ways against Python functions over lists of rows: every cheat on every task, secret inputs drawn row by row.
import { rowCheats } from '../../evals/hacks/python-function/cheats.ts';
import { gradeRows } from '../../evals/hacks/python-function/judging.ts';
import { functionOf, ROW_PROBLEMS, rowTask } from '../../evals/hacks/python-function/problems.ts';
import type { Instruments } from '../../evals/verifiers/verifier.ts';
import type { Figure } from './figure.ts';

export async function rowFigures(instruments: Instruments): Promise<Figure[]> {
  const rewarded: string[] = [];
  const unrewarded: string[] = [];
  let [cheats, honest] = [0, 0];
  for (const problem of ROW_PROBLEMS) {
    const task = rowTask(problem);
    for (const { name, source } of rowCheats(problem)) {
      cheats += 1;
      const { reward } = await gradeRows(source, task, instruments);
      if (reward !== undefined && reward.total > 0) rewarded.push(`${problem.name}: ${name}`);
    }
    for (const body of problem.others) {
      honest += 1;
      const { outcome } = await gradeRows(functionOf(body), task, instruments);
      if (outcome !== 'success') unrewarded.push(`${problem.name}: ${body}`);
    }
  }
  return [
    none('cheats that know rows by heart and are rewarded', rewarded, cheats),
    none('honest functions over rows that are not rewarded', unrewarded, honest),
  ];
}

const none = (name: string, found: readonly string[], of: number): Figure => ({
  name,
  value: found.length === 0 ? `0 of ${of}` : `${found.length} of ${of}: ${found.slice(0, 5).join('; ')}`,
  bound: '0',
  holds: found.length === 0 && of > 0,
});
