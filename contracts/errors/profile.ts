// Model profiles: what `plan` and the Kubernetes runner refuse before anything is created.
import { type ErrorEntry, entry } from './entry.ts';

export const PROFILE_ERRORS = {
  'profile.not_found': entry(
    'notFound',
    false,
    'No such model profile',
    'Name a file, or one of the profiles that the message lists.',
  ),
  'profile.invalid': entry(
    'badInput',
    false,
    'The model profile has problems',
    'Fix every problem listed; each has a field path, the arithmetic and a hint.',
  ),
  'profile.layout': entry(
    'badInput',
    false,
    'The GPUs cannot be divided like this',
    'Choose the sizes that the arithmetic in the message allows.',
  ),
  'profile.memory': entry(
    'badInput',
    false,
    'It does not fit into memory',
    'Divide further, store less, or take devices with more memory.',
  ),
  'profile.version': entry(
    'badInput',
    false,
    'The server version cannot do this',
    'Use an image with a version that the message names.',
  ),
  'profile.cluster': entry(
    'badInput',
    false,
    'The pods and the nodes do not match',
    'Correct the pods or the description of the nodes.',
  ),
} as const satisfies Record<string, ErrorEntry>;
export type ProfileErrorCode = keyof typeof PROFILE_ERRORS;
