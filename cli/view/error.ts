// An error as a person reads it: what happened, every problem, what to do, where to read more.
import { type AnnealError, ERRORS } from '../../contracts/errors.ts';
import { paint } from './paint.ts';
import { plain } from './text.ts';

export function formatError(error: AnnealError, options: { colour: boolean; trace: boolean }): string {
  const p = paint(options.colour);
  const entry = ERRORS[error.code];
  const problems = error.problems.flatMap((problem) => [
    `  ${p.bold(plain(problem.path))}${problem.line === undefined ? '' : ` (line ${problem.line})`}: expected ${plain(problem.expected)}${
      problem.got === undefined ? '' : `, got ${plain(problem.got)}`
    }`,
    `    ${p.dim(plain(problem.hint))}`,
  ]);
  const trace = options.trace && error.cause instanceof Error ? (error.cause.stack ?? '').split('\n').slice(1, 5) : [];
  return [
    `${p.red('✗')} ${p.bold(entry.title)}: ${plain(error.message)}`,
    ...problems,
    // A problem may have nothing to add to what its code says anyway.
    ...(error.problems.some(({ hint }) => hint === entry.action) ? [] : [`  ${entry.action}`]),
    `  ${p.dim(`${error.code} · docs/errors/${error.code}.md`)}`,
    ...trace.map((line) => p.dim(line)),
  ].join('\n');
}
