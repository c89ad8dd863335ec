// Landing changes on the branch of a repository.
import { type ErrorEntry, entry } from './entry.ts';

export const MERGE_ERRORS = {
  'merge.unfit': entry(
    'badInput',
    false,
    'The change cannot be made a commit',
    'Make it again from the commit that it names; nothing of it was kept.',
  ),
  'merge.repository': entry(
    'failed',
    false,
    'Nothing can be landed in this repository',
    'Mend what the message names, or give the path of a bare repository.',
  ),
  'merge.locked': entry(
    'unavailable',
    true,
    'Another git holds the lock of the branch',
    'Nothing to do at first: it is tried again, and a lock that a dead git left is taken away after two minutes.',
  ),
  'merge.tag_taken': entry(
    'failed',
    false,
    'The tag stands at another commit',
    'Take another name; a tag is never moved.',
  ),
} as const satisfies Record<string, ErrorEntry>;
