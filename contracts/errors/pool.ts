// The data pool's tables: what is taken into them, what is asked of them.
import { type ErrorEntry, entry } from './entry.ts';

export const POOL_ERRORS = {
  'pool.segment_missing': entry(
    'failed',
    false,
    'A segment of a log is missing',
    'Bring it back, or give it up for good with ./anneal pool compact --past-losses.',
  ),
  'pool.record_invalid': entry(
    'failed',
    false,
    'A record cannot be taken into the tables',
    'Take it in with the version of Anneal that wrote it.',
  ),
  'pool.unverified': entry(
    'failed',
    false,
    'The pool is not what the logs and plans say',
    'Read what is listed; keep logs and tables as they are until it is understood.',
  ),
  'pool.table_damaged': entry(
    'failed',
    false,
    'A table of the pool is damaged',
    'Restore the named file from a backup, or rebuild the tables from the segments.',
  ),
  'pool.table_unsupported': entry(
    'failed',
    false,
    'A table of the pool was changed into one that cannot be read here',
    'Undo the feature that was switched on, or rebuild the tables from the segments.',
  ),
  'pool.query': entry(
    'badInput',
    false,
    'The query is not valid',
    'Correct it; ./anneal pool query --tables lists the columns.',
  ),
  'pool.engine': entry(
    'failed',
    false,
    "The pool's query engine failed",
    'Ask for less at once, or free space in the temporary folder.',
  ),
  'pool.nothing': entry('notFound', false, 'The pool has nothing of that', 'Look at ./anneal pool ls; compact first.'),
} as const satisfies Record<string, ErrorEntry>;
