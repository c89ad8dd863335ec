// Judging a Python function of the corpus as a rollout would be judged.
import type { Task } from '../../../contracts/task.ts';
import type { Grading } from '../../verifiers/python-function/grade.ts';
import { gradeReply } from '../../verifiers/registry.ts';
import type { Instruments } from '../../verifiers/verifier.ts';

const WEIGHTS = { correctness: 1, partial: 0, format: 0 };

export const gradeRows = (source: string, task: Task, { sandbox, secret }: Instruments): Promise<Grading> =>
  gradeReply({ reply: `\`\`\`python\n${source}\`\`\``, task, weights: WEIGHTS, sandbox, secret });
