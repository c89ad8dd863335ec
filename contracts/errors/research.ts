// Questions to documents, and the experiments that follow from them.
import { type ErrorEntry, entry } from './entry.ts';

export const RESEARCH_ERRORS = {
  'research.unreadable': entry(
    'badInput',
    false,
    'The documents cannot be read',
    'Name a folder of Markdown, text or HTML in UTF-8; docs/research.md says what is read.',
  ),
  'research.not_found': entry(
    'notFound',
    false,
    'There is no such research',
    'List those that there are: ./anneal research ls.',
  ),
  'research.not_handed_out': entry(
    'denied',
    false,
    'Nobody has handed out the campaign files',
    'Decide on its gate first: ./anneal gates.',
  ),
  'research.search_failed': entry(
    'unavailable',
    true,
    'The search server gave no answer that can be read',
    'Look at the server that ANNEAL_RESEARCH_SEARCH_URL names.',
  ),
} as const satisfies Record<string, ErrorEntry>;
