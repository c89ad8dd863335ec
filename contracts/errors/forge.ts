// Forges: GitHub and GitLab, where changes are shown and pushed to.
import { type ErrorEntry, entry } from './entry.ts';

export const FORGE_ERRORS = {
  'forge.unauthorised': entry(
    'denied',
    false,
    'The forge does not take the token',
    'Give a token that may do what the message names; it is read at each use.',
  ),
  'forge.not_found': entry(
    'notFound',
    false,
    'The forge has no such project',
    'Check url and project in the file of ANNEAL_REPOSITORIES, and that the token may see it.',
  ),
  'forge.rejected': entry(
    'failed',
    false,
    'The forge refuses what it is asked for',
    'Change what its answer names: a rule of the branch, a right of the token, a request that stands there.',
  ),
  'forge.unavailable': entry(
    'unavailable',
    true,
    'The forge does not answer',
    'Nothing to do at first: it is asked again, and what was made meanwhile is found.',
  ),
  'forge.diverged': entry(
    'failed',
    false,
    'The repository here has commits that the forge does not have',
    'Push them, or set the branch here to that of the forge.',
  ),
} as const satisfies Record<string, ErrorEntry>;
