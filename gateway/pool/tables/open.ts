// The tables as DuckDB sees them: a view each, over exactly the files of one version.
import { join } from 'node:path';
import type { TableFiles } from '../../../contracts/table-files.ts';
import { type Duck, type DuckOptions, listOf, named, openDuck, quoted } from './duck.ts';
import { type Column, duckType, TABLE_STREAMS, TABLES, type TableSchema, type TableStream } from './schema.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

export interface PoolTables extends AsyncDisposable {
  readonly duck: Duck;
  readonly snapshots: Readonly<Record<TableStream, Snapshot>>;
}

export interface OpenOptions extends DuckOptions {
  /** Only these are looked at, where they are named. */
  readonly campaigns?: readonly string[] | undefined;
  /** For SQL that somebody typed: it opens no other file and changes no setting. */
  readonly confined?: boolean;
  /** Rollouts of the sealed split too: to look at them is a human's decision, and to count them is not to look. */
  readonly sealed?: boolean;
  /** Tables that are not to be looked into: their views are empty. */
  readonly without?: ReadonlySet<TableStream>;
}

export async function openTables(files: TableFiles, options: OpenOptions = {}): Promise<PoolTables> {
  const completions = await readSnapshot(files, TABLES.completions);
  const trajectories = await readSnapshot(files, TABLES.trajectories);
  const snapshots = { completions, trajectories };
  const duck = await openDuck(files, options);
  try {
    const opened: string[] = [];
    for (const stream of TABLE_STREAMS)
      opened.push(...(await createView(files, duck, TABLES[stream], snapshots[stream], options)));
    if (options.confined === true) {
      await duck.run(`SET allowed_paths = ${listOf(opened)}`);
      await duck.run(`SET allowed_directories = ${listOf([join(duck.folder, 'spilled')])}`);
      await duck.run('SET enable_external_access = false');
      await duck.run('SET lock_configuration = true');
    }
  } catch (failure) {
    await duck[Symbol.asyncDispose]();
    throw failure;
  }
  return { duck, snapshots, [Symbol.asyncDispose]: () => duck[Symbol.asyncDispose]() };
}

async function createView(
  files: TableFiles,
  duck: Duck,
  schema: TableSchema,
  snapshot: Snapshot,
  { campaigns, sealed = false, without }: OpenOptions,
): Promise<string[]> {
  const wanted = [...snapshot.files.values()].filter(
    ({ partitionValues }) =>
      without?.has(schema.name) !== true &&
      (campaigns === undefined || campaigns.includes(partitionValues.campaign ?? '')),
  );
  const all: string[] = [];
  for (const { path, size } of wanted)
    all.push(await files.local({ path: `${schema.name}/${decodeURIComponent(path)}`, bytes: size }));
  // Whose values stand in the folders' names, as every engine that knows no Delta reads them too.
  const from =
    all.length === 0
      ? `SELECT ${schema.columns.map(nothing).join(', ')} WHERE false`
      : `SELECT ${schema.columns.map(({ name }) => named(name)).join(', ')}
         FROM read_parquet(${listOf(all)}, hive_partitioning = true, hive_types = {campaign: VARCHAR, round: INTEGER})
         WHERE ${sealed ? 'true' : OPEN[schema.name]}`;
  await duck.run(`CREATE VIEW ${named(schema.name)} AS ${from}`);
  return all;
}

const OPEN = { completions: "purpose <> 'sealed'", trajectories: "purpose <> 'sealed' AND split <> 'sealed'" } as const;

const nothing = (column: Column): string => `NULL::${duckType(column)} AS ${named(column.name)}`;

/** Every column as text that JSON or JavaScript reads back exactly. */
export function asText({ columns }: TableSchema): string {
  return columns
    .map((column) => {
      const name = named(column.name);
      if (column.type === 'timestamp') return `strftime(${name}, '%Y-%m-%dT%H:%M:%S.%gZ') AS ${name}`;
      if (['strings', 'longs', 'doubles'].includes(column.type)) return `to_json(${name})::VARCHAR AS ${name}`;
      return `${name}::VARCHAR AS ${name}`;
    })
    .join(', ');
}

/** Of one campaign, and of one round of it. */
export function within(of: { readonly campaign?: string | undefined; readonly round?: number | undefined }): string {
  const { campaign, round } = of;
  const conditions = [
    ...(campaign === undefined ? [] : [`campaign = ${quoted(campaign)}`]),
    ...(round === undefined ? [] : [`round = ${round}`]),
  ];
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}
