// Every source that this build has, by name.
import { gitHistory } from './git-history/git-history.ts';
import type { SourceKind } from './source.ts';
import { harbor } from './sources/harbor.ts';
import { humanEval } from './sources/human-eval.ts';
import { mlTasks } from './sources/ml-tasks.ts';
import { openQuestions } from './sources/open-questions.ts';
import { questions } from './sources/questions.ts';
import { reasoningGym } from './sources/reasoning-gym.ts';
import { taskFolders } from './sources/task-folders.ts';
import { traces } from './sources/traces.ts';

export const SOURCES: readonly SourceKind[] = [
  gitHistory,
  harbor,
  humanEval,
  mlTasks,
  openQuestions,
  questions,
  reasoningGym,
  taskFolders,
  traces,
];

export const sourceNamed = (name: string): SourceKind | undefined => SOURCES.find((one) => one.name === name);
