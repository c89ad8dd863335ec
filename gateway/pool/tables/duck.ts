// DuckDB inside this process, for one piece of work: bounded memory that spills to a folder of its own, and nothing fetched from anywhere.
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { AnnealError } from '../../../contracts/errors.ts';
import type { TableFiles } from '../../../contracts/table-files.ts';
import type { StoredRow } from './row.ts';

export interface Duck extends AsyncDisposable {
  /** A folder of its own for files on their way; gone afterwards. */
  readonly folder: string;
  run(sql: string): Promise<void>;
  /** One thread with at least so much memory, for what is larger than anything usual; undefined: as it was opened. */
  room(memoryMiB: number | undefined): Promise<void>;
  /** Row by row, every value as text. The columns must be text. */
  rows(sql: string): AsyncGenerator<StoredRow>;
  /** As JSON has them: integers beyond 2^53 are strings. */
  objects(sql: string): AsyncGenerator<Readonly<Record<string, unknown>>>;
}

export interface DuckOptions {
  readonly memoryMiB?: number;
  readonly signal?: AbortSignal | undefined;
}

const MEMORY_MIB = 512;

const threads = (): number => Math.min(4, availableParallelism());

/** Only when it is needed: it is a library of 70 MB, which the images of worker and gateway leave out. */
async function loadEngine() {
  try {
    return (await import('@duckdb/node-api')).DuckDBInstance;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new AnnealError('pool.engine', 'DuckDB is not in this installation: images have the tables read elsewhere', {
      cause,
    });
  }
}

export async function openDuck(
  files: Pick<TableFiles, 'workFolder'>,
  { memoryMiB = MEMORY_MIB, signal }: DuckOptions = {},
): Promise<Duck> {
  const DuckDBInstance = await loadEngine();
  const folder = await files.workFolder();
  const opened = new AsyncDisposableStack();
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  try {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${memoryMiB}MiB`,
      threads: `${threads()}`,
      temp_directory: join(folder, 'spilled'),
      // The engine would fetch what it lacks from its makers.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    opened.defer(() => instance.closeSync());
    const connection = await instance.connect();
    opened.defer(() => connection.closeSync());
    await connection.run("SET TimeZone = 'UTC'");
    const interrupt = (): void => connection.interrupt();
    signal?.addEventListener('abort', interrupt);
    opened.defer(() => signal?.removeEventListener('abort', interrupt));
    return duckOver({ connection, folder, signal, opened, memoryMiB });
  } catch (failure) {
    await opened.disposeAsync();
    throw failure;
  }
}

interface Opened {
  readonly connection: DuckDBConnection;
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
  readonly opened: AsyncDisposableStack;
  readonly memoryMiB: number;
}

function duckOver({ connection, folder, signal, opened, memoryMiB }: Opened): Duck {
  let roomy: number | undefined;
  async function named<T>(work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (failure) {
      signal?.throwIfAborted();
      throw engineFailure(failure);
    }
  }
  async function* objects(sql: string): AsyncGenerator<Readonly<Record<string, unknown>>> {
    const result = await named(() => connection.stream(sql));
    const names = result.deduplicatedColumnNames();
    const chunks = result.yieldRowsJson()[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await named(() => chunks.next());
      if (done === true) return;
      for (const row of value) yield Object.fromEntries(names.map((name, at) => [name, row[at]]));
    }
  }
  return {
    folder,
    run: async (sql) => void (await named(() => connection.run(sql))),
    async room(wanted) {
      if (wanted === roomy) return;
      roomy = wanted;
      const memory = Math.max(memoryMiB, wanted ?? 0);
      await named(() => connection.run(`SET memory_limit = '${memory}MiB'`));
      await named(() => connection.run(`SET threads = ${wanted === undefined ? threads() : 1}`));
    },
    rows: (sql) => objects(sql) as AsyncGenerator<StoredRow>,
    objects,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** By what the engine says: what was asked of it, or what it ran out of. */
function engineFailure(failure: unknown): AnnealError {
  if (failure instanceof AnnealError) return failure;
  const said = failure instanceof Error ? failure.message : String(failure);
  const [first = said] = said.split('\n');
  if (/No space left on device/i.test(said)) return new AnnealError('stack.no_space', first, { cause: failure });
  if (/^(Parser|Binder|Catalog|Conversion|Permission|Invalid Input|Not implemented)/.test(said))
    return new AnnealError('pool.query', first, { cause: failure });
  return new AnnealError('pool.engine', first, { cause: failure });
}

export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const named = (column: string): string => `"${column.replaceAll('"', '""')}"`;
export const listOf = (texts: readonly string[]): string => `[${texts.map(quoted).join(', ')}]`;
