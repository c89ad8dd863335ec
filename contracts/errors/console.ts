// The console: what it does not show, and to whom.
import { type ErrorEntry, entry } from './entry.ts';

export const CONSOLE_ERRORS = {
  'console.no_page': entry('notFound', false, 'The console has no such page', 'Go back to the list of gates.'),
  'console.refused': entry(
    'denied',
    false,
    'The console does not do that for you',
    'Let an approver answer; where you are one, open the page anew and send its form again.',
  ),
} as const satisfies Record<string, ErrorEntry>;
