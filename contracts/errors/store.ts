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
} as const satisfies Record<string, ErrorEntry>;
