// A server that takes heads and never gives one up: POST adds one, GET answers with all, one a line.

import type { HeadPlace, HeadPlaceSpec } from '../../../contracts/audit-heads.ts';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { headsIn, MOST_BYTES, tooMuch, unkept } from './lines.ts';

const TIMEOUT_MS = 10_000;

export function serverOfHeads({ url, token, answers }: Extract<HeadPlaceSpec, { kind: 'https' }>): HeadPlace {
  // The path of a webhook is its secret.
  const name = new URL(url).origin;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };

  async function ask<T>(init: RequestInit, use: (response: Response) => Promise<T>): Promise<T> {
    try {
      // Somewhere else nobody has been named.
      const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!response.ok) {
        await response.body?.cancel();
        throw unkept(name, `it answered ${response.status}`);
      }
      return await use(response);
    } catch (failure) {
      if (failure instanceof AnnealError) throw failure;
      const { message, cause } = failure as Error;
      throw unkept(name, cause instanceof Error && cause.message !== '' ? cause.message : message, failure);
    }
  }

  return {
    name,
    async keep(head) {
      await ask(
        { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: canonicalJson(head) },
        async ({ body }) => body?.cancel(),
      );
    },
    heads: async () =>
      answers
        ? ask({ headers: { ...headers, accept: 'application/jsonl' } }, async (response) =>
            headsIn(await bounded(response, name)),
          )
        : undefined,
  };
}

async function bounded({ body }: Response, name: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (body === null) return '';
  for await (const part of body) {
    length += part.length;
    if (length > MOST_BYTES) throw tooMuch(name);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
