// The search attributes on a Temporal that is not ours. Our own server is started with them.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionLike, isGrpcServiceError } from '@temporalio/client';
import { AnnealError } from '../../contracts/errors.ts';
import { SEARCH_TYPES } from '../../contracts/names.ts';
import { connect } from './connect.ts';
import type { TemporalSettings } from './settings.ts';

/** Temporal's `IndexedValueType`, by number. */
const TYPES = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'] as const;
const CODE = { invalidArgument: 3, notFound: 5, alreadyExists: 6, permissionDenied: 7, unimplemented: 12 } as const;
/** A server takes in new attributes when it next refreshes its caches, by default within a minute. */
const KNOWN_TIMEOUT_MS = 120_000;

export type Server = Pick<ConnectionLike, 'operatorService' | 'workflowService'>;

/** Connects, makes sure of the attributes and leaves. Returns the names of those that it created. */
export async function registerSearchAttributes(settings: TemporalSettings): Promise<string[]> {
  const { client, close } = await connect(settings, { needs: 'write' });
  try {
    return await ensureSearchAttributes(client.connection, settings.namespace);
  } finally {
    await close();
  }
}

/**
 * Creates the attributes that are missing and waits until the server knows them. Harmless when two do it at once.
 * @throws AnnealError `stack.search_attributes` when one has another type, or is missing and cannot be created
 */
export async function ensureSearchAttributes(server: Server, namespace: string): Promise<string[]> {
  let missing = Object.keys(SEARCH_TYPES);
  try {
    missing = await lacking(server, namespace);
    if (missing.length === 0) return [];
    await create(server, namespace, missing);
  } catch (failure) {
    if (!isGrpcServiceError(failure)) throw failure;
    const { code, details } = failure as { code?: number; details: string };
    const mayNot = code === CODE.permissionDenied || code === CODE.unimplemented;
    // They may have been made for callers that may not even list them.
    if (mayNot && (await isKnown(server, namespace))) return [];
    if (code === CODE.notFound) throw refused(`the server has no namespace ${namespace}: ${details}`, failure);
    const why = mayNot ? `may not be created by this caller (${details})` : `could not be created (${details})`;
    throw refused(`${missing.join(', ')} ${why}; let an administrator run: ${commands(namespace, missing)}`, failure);
  }
  const deadline = performance.now() + KNOWN_TIMEOUT_MS;
  while (!(await isKnown(server, namespace))) {
    if (performance.now() > deadline)
      throw refused(`${missing.join(', ')} were created, but the server does not use them`);
    await sleep(500);
  }
  return missing;
}

/** The names that the namespace does not have yet. */
async function lacking({ operatorService }: Server, namespace: string): Promise<string[]> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const found = customAttributes ?? {};
  const wrong = Object.entries(SEARCH_TYPES).filter(([name, type]) => name in found && found[name] !== number(type));
  if (wrong.length > 0) {
    const each = wrong.map(([name, type]) => `${name} is of type ${TYPES[found[name] ?? 0]}, not ${type}`);
    throw refused(`in namespace ${namespace}, ${each.join('; ')}; use another namespace (ANNEAL_NAMESPACE)`);
  }
  return Object.keys(SEARCH_TYPES).filter((name) => !(name in found));
}

async function create(server: Server, namespace: string, names: readonly string[]): Promise<void> {
  const searchAttributes = Object.fromEntries(names.map((name) => [name, number(typeOf(name))]));
  try {
    await server.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (failure) {
    // Another caller was quicker with some of them; the rest is still to be made.
    if (!isGrpcServiceError(failure) || failure.code !== CODE.alreadyExists) throw failure;
    const rest = await lacking(server, namespace);
    if (rest.length === names.length) throw failure;
    if (rest.length > 0) await create(server, namespace, rest);
  }
}

/** Whether the server understands a query about all of them: that takes the right to read, no more. */
async function isKnown({ workflowService }: Server, namespace: string): Promise<boolean> {
  const query = Object.keys(SEARCH_TYPES)
    .map((name) => `${name} IS NOT NULL`)
    .join(' OR ');
  try {
    await workflowService.countWorkflowExecutions({ namespace, query });
    return true;
  } catch (failure) {
    if (isGrpcServiceError(failure) && failure.code === CODE.invalidArgument) return false;
    throw failure;
  }
}

const number = (type: (typeof TYPES)[number]): number => TYPES.indexOf(type);
const typeOf = (name: string) => SEARCH_TYPES[name as keyof typeof SEARCH_TYPES];
const refused = (message: string, cause?: unknown): AnnealError =>
  new AnnealError('stack.search_attributes', message, { cause });
const commands = (namespace: string, names: readonly string[]): string =>
  `temporal operator search-attribute create --namespace ${namespace} ${names.map((name) => `--name ${name} --type ${typeOf(name)}`).join(' ')}`;
