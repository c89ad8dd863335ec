// Who somebody is beyond their name: by what their identity provider knows them.
import { z } from 'zod';
import type { SignIn } from '../viewer.ts';

/** As approvers.json has it, so that whoever signs in can be an approver. */
export const personName = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,99}$/u, 'a name of at most 100 letters, digits and . _ @ + -');

export interface Person {
  readonly name: string;
  /** The provider; `local`: the key of this machine. */
  readonly issuer: string;
  /** Never given to anybody else by that provider. */
  readonly subject: string;
}

export interface PersonalSignIn extends SignIn {
  /** As `viewerOf`, asked at once. */
  personOf(request: Request): Promise<Person | undefined>;
}
