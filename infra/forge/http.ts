// One forge's HTTP interface: bounded answers, no redirects, waits as long as it is told to, and a name for each way to fail.
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnealError, type ErrorCode } from '../../contracts/errors.ts';

export interface ForgeHttp {
  /** Asks again by itself: what is read, or set to what it is asked to be. */
  read(path: string, query?: Query): Promise<Answer>;
  set(method: 'PUT' | 'PATCH', path: string, body: object): Promise<Answer>;
  /** All pages of a list, as the forge names the next. */
  list(path: string, query?: Query): Promise<unknown[]>;
  /** The same, a page at a time, as far as somebody reads. */
  pages(path: string, query?: Query): AsyncIterable<unknown[]>;
  /** Once. A lost answer leaves open whether it was made. */
  make(path: string, body: object): Promise<Answer>;
  /** Looks before each try, so that a lost answer makes no second one. */
  makeOnce<T>(find: () => Promise<T | undefined>, path: string, body: object): Promise<T>;
}
export type Query = Readonly<Record<string, string | number | undefined>>;
export interface Answer {
  readonly body: unknown;
  readonly next: boolean;
}

export interface Asking {
  /** Up to the paths, without a slash at its end. */
  readonly base: string;
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** What must not stand in a message. */
  readonly conceal: (text: string) => string;
  readonly tries?: number;
  /** Before the second try; doubles. */
  readonly pauseMs?: number;
  readonly timeoutMs?: number;
  /** What asks to wait longer is asked again by whoever asked here. */
  readonly mostWaitMs?: number;
}

const MOST_BYTES = 8 * 2 ** 20;
const MOST_PAGES = 50;
export const PAGE = 100;

/** An answer that is not read. */
class TooLarge extends Error {}
/** Nobody knows whether it was done. */
class Lost extends Error {}
class Wait extends Error {
  readonly ms: number;
  constructor(ms: number, why: string) {
    super(why);
    this.ms = ms;
  }
}

export function createForgeHttp(asking: Asking): ForgeHttp {
  const { tries = 4, pauseMs = 500, timeoutMs = 20_000, mostWaitMs = 20_000 } = asking;

  async function once(method: string, path: string, query: Query = {}, body?: object): Promise<Answer> {
    const url = new URL(`${asking.base}${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const what = `${method} ${path}`;
    const say = (why: string): string => asking.conceal(`${what} ${why}`);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        ...{ method, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) },
        headers: { ...(await asking.headers()), 'user-agent': 'anneal', 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await bounded(response);
    } catch (failure) {
      if (failure instanceof AnnealError || failure instanceof TooLarge) throw failure;
      throw new Lost(say(`got no answer: ${whyOf(failure)}`));
    }
    const { status, headers } = response;
    const said = say(`answered ${status}: ${saying(text)}`);
    const isLimited = status === 429 || (status === 403 && (headers.has('retry-after') || isSpent(headers)));
    if (isLimited) throw new Wait(waitOf(headers), said);
    if (status >= 500 || status === 408) throw new Lost(said);
    if (status >= 300 && status < 400) throw failed('forge.rejected', `${said}: it is not followed elsewhere`);
    if (status === 401 || status === 403) throw failed('forge.unauthorised', said);
    if (status === 404 || status === 410) throw failed('forge.not_found', said);
    if (status >= 400) throw failed('forge.rejected', said);
    try {
      const next = /<[^>]*>;[^,]*\brel="?next"?/.test(headers.get('link') ?? '');
      return { body: text === '' ? null : JSON.parse(text), next };
    } catch {
      throw new Lost(say('answered with what is no JSON'));
    }
  }

  /** @param again whether to ask once more when the answer was lost */
  async function patiently<T>(ask: () => Promise<T>, again: boolean): Promise<T> {
    let left = mostWaitMs;
    for (let tried = 1; ; tried += 1) {
      try {
        return await ask();
      } catch (failure) {
        const isLost = failure instanceof Lost;
        if (!isLost && !(failure instanceof Wait)) throw failure;
        const pause = isLost ? pauseMs * 2 ** (tried - 1) : failure.ms;
        const isOver = tried === tries || pause > left;
        if (isLost && !again) throw failure;
        if (isOver) throw failed('forge.unavailable', failure.message, failure);
        left -= pause;
        await sleep(pause);
      }
    }
  }

  const ask = (path: string, query?: Query): Promise<Answer> => patiently(() => once('GET', path, query), true);
  const refused = (failure: unknown): unknown =>
    failure instanceof TooLarge ? failed('forge.rejected', failure.message) : failure;
  const read = (path: string, query?: Query): Promise<Answer> =>
    ask(path, query).catch((failure: unknown) => Promise.reject(refused(failure)));
  return {
    read,
    set: (method, path, body) =>
      patiently(() => once(method, path, {}, body), true).catch((failure: unknown) => Promise.reject(refused(failure))),
    async make(path, body) {
      try {
        return await patiently(() => once('POST', path, {}, body), false);
      } catch (failure) {
        throw failure instanceof Lost ? failed('forge.unavailable', failure.message, failure) : failure;
      }
    },
    async list(path, query) {
      const all: unknown[] = [];
      for (let page = 1; page <= MOST_PAGES; page += 1) {
        const { body, next } = await read(path, { ...query, per_page: PAGE, page });
        if (!Array.isArray(body)) throw failed('forge.unavailable', `GET ${path} answered with what is no list`);
        all.push(...body);
        if (!next) return all;
      }
      // Half of a list would hide what is to be found in it.
      throw failed('forge.rejected', `GET ${path} has more than ${MOST_PAGES} pages`);
    },
    async *pages(path, query) {
      // Entries as large as anybody can write them do not fit by the hundred: then fewer are asked for, until they are past.
      for (let [from, size] = [0, PAGE]; ; ) {
        let answer: Answer;
        try {
          answer = await ask(path, { ...query, per_page: size, page: from / size + 1 });
        } catch (failure) {
          if (!(failure instanceof TooLarge) || size === 1) throw refused(failure);
          size /= 10;
          continue;
        }
        const { body, next } = answer;
        if (!Array.isArray(body)) throw failed('forge.unavailable', `GET ${path} answered with what is no list`);
        yield body;
        if (!next) return;
        from += size;
        if (size < PAGE && from % (size * 10) === 0) size *= 10;
      }
    },
    async makeOnce(find, path, body) {
      let last: unknown;
      for (let tried = 1; tried <= tries; tried += 1) {
        const there = await find();
        if (there !== undefined) return there;
        try {
          await patiently(() => once('POST', path, {}, body), false);
        } catch (failure) {
          // What it answers says nothing of what it made.
          last = failure instanceof TooLarge ? new Lost(failure.message) : failure;
          // Somebody was quicker, or it was made by the try whose answer was lost.
          const isThere = failure instanceof AnnealError && failure.code === 'forge.rejected';
          if (!isThere && !(last instanceof Lost)) throw failure;
          if (isThere && tried > 1) break;
          await sleep(pauseMs * 2 ** (tried - 1));
        }
      }
      const there = await find();
      if (there !== undefined) return there;
      if (last instanceof AnnealError) throw last;
      throw failed('forge.unavailable', last instanceof Error ? last.message : `POST ${path} left nothing`, last);
    },
  };
}

export const failed = (code: Extract<ErrorCode, `forge.${string}`>, why: string, cause?: unknown): AnnealError =>
  new AnnealError(code, why, cause instanceof Error ? { cause } : {});

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > MOST_BYTES) throw new TooLarge(`an answer is larger than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

const isSpent = (headers: Headers): boolean =>
  (headers.get('x-ratelimit-remaining') ?? headers.get('ratelimit-remaining')) === '0';

/** As long as it says, by whichever header; a minute where it does not. */
function waitOf(headers: Headers): number {
  const after = headers.get('retry-after');
  if (after !== null) {
    const ms = /^\d+(\.\d+)?$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - Date.now();
    if (Number.isFinite(ms)) return Math.max(ms, 0);
  }
  const reset = Number(headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset') ?? Number.NaN);
  return Number.isFinite(reset) && reset > 0 ? Math.max(reset * 1_000 - Date.now(), 0) + 1_000 : 60_000;
}

/** A forge's own words for a failure, cut, in one line. */
function saying(text: string): string {
  let said = text;
  try {
    const { message, error, errors } = JSON.parse(text) as { message?: unknown; error?: unknown; errors?: unknown };
    const parts = [message, error, errors].filter((part) => part !== undefined);
    if (parts.length > 0)
      said = parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(': ');
  } catch {
    // A proxy's page.
  }
  return (
    said
      .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
      .trim()
      .slice(0, 300) || 'nothing'
  );
}

function whyOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  const { cause } = failure;
  return cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : failure.message;
}
