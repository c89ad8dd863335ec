// Which code judges which task: verifiers by name and version. A version is never changed once a lock names it; a change is a
// new version beside it, so that an old set can be graded again.
import { AnnealError } from '../../contracts/errors.ts';
import type { VerifierRef } from '../../contracts/judgement.ts';
import {
  type GradeInput,
  type Grading,
  gradePythonReply,
  gradePythonReplyByRows,
  gradePythonReplySecretly,
  ROW_VERIFIER,
  SECRET_VERIFIER,
  VERIFIER,
} from './python-function/grade.ts';

export type Verifier = (input: GradeInput) => Promise<Grading>;

const VERIFIERS: Readonly<Record<string, Verifier>> = {
  [nameOf(VERIFIER)]: gradePythonReply,
  [nameOf(SECRET_VERIFIER)]: gradePythonReplySecretly,
  [nameOf(ROW_VERIFIER)]: gradePythonReplyByRows,
};

/** @throws AnnealError `verifier.failed` when this build has no such verifier */
export function verifierFor(named: VerifierRef): Verifier {
  const verifier = VERIFIERS[nameOf(named)];
  if (verifier === undefined)
    throw new AnnealError('verifier.failed', `no verifier ${named.name} of version ${named.version} in this build`);
  return verifier;
}

/** `name@version`, of all that this build has. */
export const verifierNames = (): string[] => Object.keys(VERIFIERS);

/** Judges a reply by the verifier that its task names. Throws as that verifier does. */
export function gradeReply(input: GradeInput): Promise<Grading> {
  return verifierFor(input.task.verifier)(input);
}

function nameOf({ name, version }: VerifierRef): string {
  return `${name}@${version}`;
}
