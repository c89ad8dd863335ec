// Searching the web, where an operator has named a server for it: one address, asked for one query at a time, its answer bounded. Without that
// address nothing is asked of anybody.
import { request } from 'undici';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';

export interface WebPage {
  readonly url: string;
  readonly title: string;
  readonly text: string;
}
export type SearchWeb = (query: string, signal: AbortSignal) => Promise<readonly WebPage[]>;

const answer = z.object({
  results: z.array(
    z.object({ url: z.url({ protocol: /^https?$/ }).max(2_000), title: z.string().max(1_000), text: z.string() }),
  ),
});
const [MOST_BYTES, MOST_PAGES, MOST_TEXT, TIMEOUT_MS] = [2 * 2 ** 20, 5, 100_000, 30_000];

/**
 * @param url it is asked with `?q=`, and answers `{"results": [{"url", "title", "text"}]}`
 * @throws AnnealError `cli.usage` for an address that is none; the search: `research.search_failed`
 */
export function openWebSearch(url: string): SearchWeb {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || parsed.username !== '')
    throw new AnnealError('cli.usage', 'ANNEAL_RESEARCH_SEARCH_URL is no http or https URL without a name in it');
  return async (query, signal) => {
    const asked = new URL(parsed);
    asked.searchParams.set('q', query);
    const failed = (why: string, cause?: unknown): AnnealError =>
      new AnnealError('research.search_failed', `the search server ${why}`, { cause });
    try {
      const either = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      // Redirects are not followed: another address is another server.
      const { statusCode, body } = await request(asked, { signal: either, headers: { accept: 'application/json' } });
      const parts: Buffer[] = [];
      let size = 0;
      for await (const part of body) {
        size += (part as Buffer).length;
        if (size > MOST_BYTES) throw failed(`answered more than ${MOST_BYTES} bytes`);
        parts.push(part as Buffer);
      }
      if (statusCode !== 200) throw failed(`answered ${statusCode}`);
      const read = answer.safeParse(JSON.parse(Buffer.concat(parts).toString('utf8')));
      if (!read.success) throw failed('answered in another form');
      return read.data.results.slice(0, MOST_PAGES).map((one) => ({ ...one, text: one.text.slice(0, MOST_TEXT) }));
    } catch (failure) {
      if (failure instanceof AnnealError) throw failure;
      throw failed(signal.aborted ? 'was not waited for' : 'cannot be asked', failure);
    }
  };
}
