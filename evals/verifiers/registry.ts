// Which code judges which task: verifiers by name and version. A version is never changed once a lock names it; a change is a
// new version beside it, so that an old set can be graded again.
import { AnnealError } from '../../contracts/errors.ts';
import type { Task } from '../../contracts/task.ts';
import { type Grading, gradePythonReply, VERIFIER } from './python-function/grade.ts';

export type Verifier = typeof gradePythonReply;

const VERIFIERS: Readonly<Record<string, Verifier>> = { [`${VERIFIER.name}@${VERIFIER.version}`]: gradePythonReply };

/** @throws AnnealError `verifier.failed` when this build has no such verifier */
export function verifierFor(named: Task['verifier']): Verifier {
  const verifier = VERIFIERS[`${named.name}@${named.version}`];
  if (verifier === undefined)
    throw new AnnealError('verifier.failed', `no verifier ${named.name} of version ${named.version} in this build`);
  return verifier;
}

/** Judges a reply by the verifier that its task names. Throws as that verifier does. */
export function gradeReply(input: Parameters<Verifier>[0]): Promise<Grading> {
  return verifierFor(input.task.verifier)(input);
}
