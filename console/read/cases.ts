// What agents work on, by kind: which there are, the newest first, and what each was given. A page of a list costs one listing of the store, one
// of Temporal, and a few reads for each of its rows.
import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { z } from 'zod';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { AnnealError } from '../../contracts/errors.ts';
import type { ReadHistory } from '../../contracts/share.ts';
import { createSlots } from '../../infra/process/slots.ts';
import { nameFailure } from '../../infra/temporal/away.ts';
import { givenTo, newestHistory } from '../../infra/temporal/histories.ts';
import type { ListedGate } from '../live/board.ts';

/** On one page. */
export const ROWS = 50;
/** Of Temporal's, in all: who looks for older ones looks them up by name. */
const MOST_RUNS = 2_000;
/** A query waits for a worker that may be down. */
export const PATIENCE_MS = 3_000;
const READERS = 16;
const KEPT = 1_000;

export interface CaseRun {
  readonly name: string;
  readonly run: string;
  readonly startedAt: Date;
  readonly closedAt?: Date;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** From 1. */
  readonly page: number;
  readonly pages: number;
  readonly all: number;
  /** There are more than are listed. */
  readonly cut: boolean;
}

/** The newest run of each workflow of a type, by name. */
export async function runsOf(
  client: Client,
  type: string,
  prefix: string,
): Promise<{ readonly runs: ReadonlyMap<string, CaseRun>; readonly cut: boolean }> {
  const found: CaseRun[] = [];
  for await (const one of client.workflow.list({ query: `WorkflowType = '${type}'` })) {
    if (found.length === MOST_RUNS) return { runs: newest(found), cut: true };
    const { workflowId, runId, startTime, closeTime } = one;
    if (!workflowId.startsWith(prefix)) continue;
    const name = workflowId.slice(prefix.length);
    found.push({ name, run: runId, startedAt: startTime, ...(closeTime && { closedAt: closeTime }) });
  }
  return { runs: newest(found), cut: false };
}

function newest(found: readonly CaseRun[]): ReadonlyMap<string, CaseRun> {
  // Sorted here: a visibility store on SQLite or SQL refuses ORDER BY.
  const sorted = found.toSorted(
    (a, b) => b.startedAt.getTime() - a.startedAt.getTime() || a.name.localeCompare(b.name),
  );
  const runs = new Map<string, CaseRun>();
  for (const one of sorted) if (!runs.has(one.name)) runs.set(one.name, one);
  return runs;
}

/** Keys by what stands between two slashes: `incidents/NAME/end` → NAME, `end`. */
export function byName(keys: readonly string[], folder: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const key of keys) {
    const at = key.indexOf('/', folder.length);
    if (!key.startsWith(folder) || at === -1) continue;
    const name = key.slice(folder.length, at);
    const known = found.get(name);
    if (known === undefined) found.set(name, [key.slice(at + 1)]);
    else known.push(key.slice(at + 1));
  }
  return found;
}

/** @param asked from 1; whatever is none of the pages is the nearest one */
export async function pageOf<Row>(
  names: readonly string[],
  { page: asked, cut }: { readonly page: number; readonly cut: boolean },
  rowOf: (name: string) => Promise<Row>,
): Promise<Page<Row>> {
  const pages = Math.max(1, Math.ceil(names.length / ROWS));
  const page = Math.min(Math.max(1, Math.floor(asked)), pages);
  const slot = createSlots(READERS);
  const rows = names.slice((page - 1) * ROWS, page * ROWS).map((name) => slot(() => rowOf(name)));
  return { rows: await Promise.all(rows), page, pages, all: names.length, cut };
}

/** What never changes is read once. What cannot be read is asked for again. */
export function remembering<Of, T>(
  keyOf: (of: Of) => string,
  read: (of: Of) => Promise<T | undefined>,
): (of: Of) => Promise<T | undefined> {
  const known = new Map<string, T>();
  return async (of) => {
    const key = keyOf(of);
    const before = known.get(key);
    if (before !== undefined) return before;
    const found = await read(of);
    if (found === undefined) return undefined;
    known.set(key, found);
    if (known.size > KEPT) known.delete(known.keys().next().value!);
    return found;
  };
}

/** What a workflow's run was given, as far as Temporal has its history and it has that form. */
export const givenBy = <T>(temporal: () => Promise<Client>, prefix: string, schema: z.ZodType<T>) =>
  remembering(
    ({ run }: CaseRun) => run,
    async ({ name, run }) => {
      const given = await givenTo(await temporal(), `${prefix}${name}`, run).catch(() => undefined);
      return schema.safeParse(given).data;
    },
  );

/** What a running workflow says of itself; undefined where nobody answers in time. */
export async function viewOf<View>(
  temporal: () => Promise<Client>,
  workflowId: string,
  query: string,
): Promise<View | undefined> {
  try {
    const client = await temporal();
    return await client.withDeadline(Date.now() + PATIENCE_MS, () =>
      client.workflow.getHandle(workflowId).query<View>(query),
    );
  } catch {
    return undefined;
  }
}

/** Gates of a case bear its name. */
export const openGateOf = (open: readonly ListedGate[], name: string): ListedGate | undefined =>
  open.find(({ gate }) => gate.startsWith(`${name}.`));

/** Those of its gates that the store knows, since somebody was asked there. */
export async function gatesOf(store: Pick<ArtifactStore, 'listNamed'>, gates: readonly string[]): Promise<string[]> {
  const known = await Promise.all(gates.map((gate) => store.listNamed(`gates/${gate}/`).catch(() => [])));
  return gates.filter((_, at) => known[at]!.length > 0);
}

/** Or why there is none now: what the store has is shown all the same. */
export async function historyOf(
  temporal: () => Promise<Client>,
  workflowId: string,
): Promise<{ readonly history?: ReadHistory | undefined; readonly why?: AnnealError | undefined }> {
  try {
    const client = await temporal();
    return { history: await client.withDeadline(Date.now() + PATIENCE_MS, () => newestHistory(client, workflowId)) };
  } catch (failure) {
    return { why: nameFailure(failure) };
  }
}

/** What the last of these activities came to. */
export const resultOf = (history: ReadHistory | undefined, type: string): unknown =>
  history?.done.findLast((one) => one.type === type)?.result;

/** Undefined while nobody says where it stands: an open page stays as it is. */
export const versionOfView = (view: unknown): string | undefined =>
  view === undefined ? undefined : createHash('sha256').update(JSON.stringify(view)).digest('base64url').slice(0, 16);
