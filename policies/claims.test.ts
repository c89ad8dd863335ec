// What a claim may say of the lines that it cites.
import { describe, expect, test } from 'vitest';
import { linesOf } from '../agents/researcher/documents.ts';
import { againstClaim, beyond } from './claims.ts';
import { passagesOf } from './passages.ts';

const TEXT = `# Changes

## 13.0.0

### Removed

- the option \`--legacy\`
- support for Node.js 16

## 12.0.0

- Requests are retried 2 times by default
- a cache may be used
`;
const lines = linesOf(TEXT, 'markdown');
const markdown = (line: string): number => /^(#+) /.exec(line)?.[1]?.length ?? 0;
const shown = { passages: passagesOf({ path: 'a.md', lines, depth: markdown }, 0), lines: () => lines };
const at = (line: number, quote: string) => ({ document: 0, from: line, to: line, quote });

test.each([
  [
    'stands',
    'Requests are retried 2 times by default.',
    [at(12, 'Requests are retried 2 times by default')],
    undefined,
  ],
  [
    'a heading beside it',
    '12.0.0: Requests are retried 2 times.',
    [at(10, '## 12.0.0'), at(12, 'Requests are retried 2 times by default')],
    undefined,
  ],
  ['white space is folded', 'Requests are retried.', [at(12, 'Requests  are\n retried')], undefined],
  ['another line', 'Requests are retried.', [at(13, 'Requests are retried 2 times')], 'quote'],
  ['a line that is not shown', 'Requests are retried.', [at(99, 'Requests are retried 2 times')], 'lines'],
  [
    'lines the wrong way round',
    'Requests are retried.',
    [{ document: 0, from: 13, to: 12, quote: 'Requests' }],
    'lines',
  ],
  [
    'all of the document',
    'Requests are retried.',
    [{ document: 0, from: 1, to: 13, quote: 'Requests are retried' }],
    'lines',
  ],
  ['another document', 'Requests are retried.', [{ ...at(12, 'Requests are retried'), document: 7 }], 'document'],
  ['a quote of nothing', 'Requests are retried.', [at(12, ' ')], 'quote'],
  ['a quote that is anywhere', 'by default', [at(12, 'by')], 'quote'],
  [
    'the heading of another list',
    '13.0.0: Requests are retried.',
    [at(3, '## 13.0.0'), at(12, 'Requests are retried 2 times by default')],
    'apart',
  ],
  ['under a heading that says removed', 'Support for Node.js 16.', [at(8, 'support for Node.js 16')], 'reversed'],
  [
    '… and says so',
    'Removed: support for Node.js 16.',
    [at(5, '### Removed'), at(8, 'support for Node.js 16')],
    undefined,
  ],
] as const)('%s', (_, text, citations, why) => {
  expect(againstClaim({ text, citations: [...citations] }, shown, 'words')).toBe(why);
});

describe('goes beyond its quote', () => {
  test.each([
    ['Requests are retried 3 times.', 'Requests are retried 2 times.', 'numbers'],
    ['Requests are retried three times.', 'Requests are retried 2 times.', 'numbers'],
    ['Requests are retried two times.', 'Requests are retried 2 times.', undefined],
    ['Undici retries requests.', 'It retries requests.', 'names'],
    ['`retryAll` is set.', 'retry is set', 'names'],
    ['Requests are not retried.', 'Requests are retried.', 'reversed'],
    ['Requests are retried.', "Requests aren't retried.", 'reversed'],
    ['Requests are retried.', 'Requests may be retried.', 'reversed'],
    ['The server sends to the client.', 'The client sends to the server.', 'words'],
    ['Requests are cached and retried.', 'Requests are retried.', 'words'],
    ['Is it.', 'Is it.', 'words'],
  ])('%s ← %s', (text, quote, why) => {
    expect(beyond(text, [quote], [], 'words')).toBe(why);
  });

  test('with a judge half of the words may be others, and neither numbers nor names', () => {
    const quote = 'Certain errors will be automatically retried 2 times by default';
    const judged = (text: string) => beyond(text, [quote], [], 'half the words');
    expect(judged('Errors are automatically tried again 2 times')).toBeUndefined();
    expect(judged('Errors are automatically tried again 4 times')).toBe('numbers');
    expect(judged('Errors of OpenAI are automatically tried again 2 times')).toBe('names');
    expect(judged('something else entirely happens here 2 times')).toBe('words');
  });
});
