// What an API server says about a collection: pages of a list, and the events of a watch.
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { Ask, Cluster } from '../cluster/request.ts';
import type { Watched } from './cache.ts';

/** Objects in one page. */
const PAGE = 500;
/** Lists that begin anew because their pages' snapshot expired. */
const MOST_STARTS = 5;

const metadata = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string().default(''),
  resourceVersion: z.string().default(''),
});
const identified = z.object({ metadata });

/** What an object is recognised by; the rest is not looked at. @throws AnnealError `cluster.unavailable` when it is no object */
export function identityOf(raw: unknown, path: string): Watched['metadata'] {
  const parsed = identified.safeParse(raw);
  if (parsed.success) return parsed.data.metadata;
  throw new AnnealError('cluster.unavailable', `${path}: not an object: ${JSON.stringify(raw)?.slice(0, 200)}`);
}

const page = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z
    .array(z.unknown())
    .nullish()
    .transform((items) => items ?? []),
});

export interface Page {
  /** A list begins, the first time or anew: what came before does not count. */
  readonly first: boolean;
  readonly resourceVersion: string;
  readonly items: readonly unknown[];
}

/** Every page is of the same moment. @throws AnnealError `cluster.*` */
export async function* readPages(
  cluster: Cluster,
  path: string,
  query: NonNullable<Ask['query']>,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  let next: string | undefined;
  for (let starts = 1; ; ) {
    const ask = { method: 'GET', path, query: { ...query, limit: PAGE, continue: next } } as const;
    const answer = await cluster.ask(ask, [410], signal);
    if (answer.status === 410) {
      starts += 1;
      if (starts > MOST_STARTS) throw new AnnealError('cluster.unavailable', `GET ${path}: its pages expire too soon`);
      next = undefined;
      continue;
    }
    const parsed = page.safeParse(answer.body);
    if (!parsed.success) throw new AnnealError('cluster.unavailable', `GET ${path}: not a list: ${parsed.error}`);
    const { metadata, items } = parsed.data;
    yield { first: next === undefined, resourceVersion: metadata.resourceVersion, items };
    if (metadata.continue === undefined || metadata.continue === '') return;
    next = metadata.continue;
  }
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly metadata: Watched['metadata'];
  readonly object: unknown;
}

const event = z.object({ type: z.string(), object: z.unknown() });
/** A bookmark has a version and nothing else. */
const bookmark = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
const status = z.object({ code: z.int().optional(), reason: z.string().default(''), message: z.string().default('') });

/** @throws AnnealError `cluster.unavailable` for a line that is none, and for the ERROR by which a server ends a watch */
export function parseEvent(text: string, path: string): WatchEvent {
  const parsed = event.safeParse(parseJson(text, path));
  if (!parsed.success)
    throw new AnnealError('cluster.unavailable', `watch ${path}: not an event: ${text.slice(0, 200)}`);
  const { type, object } = parsed.data;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, metadata: identityOf(object, `watch ${path}`), object };
    case 'BOOKMARK':
      return { type, metadata: { name: '', uid: '', resourceVersion: versionOf(object, path) }, object: undefined };
    default: {
      const { code, reason, message } = status.catch({ reason: '', message: '' }).parse(object);
      const said = [reason, message].filter((one) => one !== '').join(': ');
      throw new AnnealError('cluster.unavailable', `watch ${path}: ${type} ${code ?? ''}: ${said}`);
    }
  }
}

function versionOf(object: unknown, path: string): string {
  const parsed = bookmark.safeParse(object);
  if (parsed.success) return parsed.data.metadata.resourceVersion;
  throw new AnnealError('cluster.unavailable', `watch ${path}: a bookmark without a version`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AnnealError('cluster.unavailable', `watch ${path}: not JSON: ${text.slice(0, 200)}`, { cause });
  }
}
