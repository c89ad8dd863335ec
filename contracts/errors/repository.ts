// Repositories that agents may propose changes to.
import { type ErrorEntry, entry } from './entry.ts';

export const REPOSITORY_ERRORS = {
  'repository.invalid': entry(
    'badInput',
    false,
    'The repositories file has problems',
    'Fix every problem listed; docs/agents.md describes the file.',
  ),
  'repository.unknown': entry(
    'notFound',
    false,
    'Agents know no such repository',
    'Name it in the file of ANNEAL_REPOSITORIES, then start the worker again: ./anneal down, ./anneal up.',
  ),
  'incident.not_found': entry(
    'notFound',
    false,
    'There is no such incident',
    'List those that there are: ./anneal incident ls.',
  ),
  'ticket.not_found': entry(
    'notFound',
    false,
    'There is no such ticket',
    'List those that there are: ./anneal ticket ls.',
  ),
  'memory.not_found': entry('notFound', false, 'Nothing of that id is remembered', 'List what is: ./anneal memory ls.'),
} as const satisfies Record<string, ErrorEntry>;
