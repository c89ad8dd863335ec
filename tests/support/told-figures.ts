// Figures that a test has measured, for whoever reads its report: how many kills, how many requests. They go with the test's own result.
import type { RunnerTestCase } from 'vitest';

export type ToldFigures = Readonly<Record<string, number>>;

declare module 'vitest' {
  interface TaskMeta {
    figures?: ToldFigures;
  }
}

/** Tell them before they are judged: of what failed too, one wants to know by how much. */
export function tellFigures(task: Readonly<RunnerTestCase>, figures: ToldFigures): void {
  task.meta.figures = { ...task.meta.figures, ...figures };
}
