// The artifact store.
import { type ErrorEntry, entry } from './entry.ts';

export const STORE_ERRORS = {
  'store.not_found': entry('notFound', false, 'An object is not in the store', 'Restore it from a backup.'),
  'store.corrupt_object': entry(
    'failed',
    false,
    'An object does not match its hash',
    'Restore it from a backup; nothing was read from it.',
  ),
  'store.conflict': entry(
    'failed',
    false,
    'A name was changed by someone else',
    'Read the current value and try again.',
  ),
  'store.no_space': entry('unavailable', false, 'The store has no space left', 'Free space, then resume.'),
  'store.unavailable': entry('unavailable', true, 'The store does not answer', 'Check its address and credentials.'),
  'store.no_bucket': entry(
    'unavailable',
    false,
    'The bucket is not there',
    'Create it, or correct its name, endpoint or region.',
  ),
  'store.denied': entry(
    'unavailable',
    false,
    'The store refuses the credentials',
    'Renew them, or grant list, read and write below the prefix.',
  ),
  'store.clock_skew': entry(
    'unavailable',
    false,
    "The store's clock and this machine's differ",
    'Set the clock of the one that is wrong.',
  ),
  'store.unsupported': entry(
    'unavailable',
    false,
    'The store cannot do what Anneal needs',
    'Use an S3 server with conditional writes and checksums.',
  ),
  'store.changed_file': entry(
    'failed',
    true,
    'A file changed while it was uploaded',
    'Let its writer finish, then try again.',
  ),
} as const satisfies Record<string, ErrorEntry>;
