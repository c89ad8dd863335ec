// The one way out of the SDK: to one address and no other, without what the SDK or the environment adds, no further than the first answer,
// and no more of that than an answer has.
export class Unusable extends Error {
  readonly why: 'redirected' | 'too-long';
  constructor(why: 'redirected' | 'too-long') {
    super(why);
    this.why = why;
  }
}

/** Of an answer. */
export const MOST_BYTES = 512 * 1024;

export function boundedFetch(only: string, headers: Readonly<Record<string, string>>): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (url !== only || init?.method?.toUpperCase() !== 'POST') throw new Error(`not asked for: ${url}`);
    const response = await fetch(only, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body: init.body ?? null,
      redirect: 'manual',
      signal: init.signal ?? null,
    });
    const { status, body } = response;
    if (status >= 300 && status < 400) {
      await body?.cancel();
      throw new Unusable('redirected');
    }
    const bytes = await bounded(body);
    return new Response(new Uint8Array(bytes), { status, headers: { 'content-type': 'application/json' } });
  };
}

async function bounded(body: ReadableStream<Uint8Array> | null): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (body !== null) {
    for await (const part of body) {
      length += part.length;
      if (length > MOST_BYTES) throw new Unusable('too-long');
      parts.push(part);
    }
  }
  return Buffer.concat(parts);
}
