// From layout problems to the errors that every command reports.
import type { ProfileErrorCode } from '../../contracts/errors/profile.ts';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import type { LayoutProblem } from './rule.ts';

export const asProblem = ({ code, path, line, expected, got, hint }: LayoutProblem): Problem => ({
  code,
  path,
  ...(line === undefined ? {} : { line }),
  expected,
  ...(got === undefined ? {} : { got }),
  hint,
});

export function profileError(
  code: ProfileErrorCode,
  message: string,
  { problems = [], cause }: { problems?: readonly LayoutProblem[]; cause?: unknown } = {},
): AnnealError {
  return new AnnealError(code, message, { cause, problems: problems.map(asProblem) });
}

/** Of a profile with problems: under their code where they have one in common, so that scripts can tell why. */
export function refusal(path: string, problems: readonly LayoutProblem[]): AnnealError {
  const [code, ...others] = new Set(problems.map((problem) => problem.code));
  const message = problems.length === 1 ? `${path} has one problem` : `${path} has ${problems.length} problems`;
  return profileError(code === undefined || others.length > 0 ? 'profile.invalid' : code, message, { problems });
}
