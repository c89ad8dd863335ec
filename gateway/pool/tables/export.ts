// What leaves the pool: records as they were captured, and a folder that `datasets` loads. The trainer's batch: export-batch.ts.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnnealError } from '../../../contracts/errors.ts';
import { folderBeside, linesBeside } from './beside.ts';
import { named, quoted } from './duck.ts';
import { type PoolTables, within } from './open.ts';
import { TABLE_STREAMS, TABLES, type TableStream } from './schema.ts';
import { storedRecords } from './stored.ts';

export interface Of {
  readonly campaign?: string | undefined;
  readonly round?: number | undefined;
}

/** Records as the gateway wrote them, a line each. @throws AnnealError `pool.table_damaged` rather than write one that is another */
export function exportLines(tables: PoolTables, stream: TableStream, of: Of, path: string): Promise<number> {
  return linesBeside(path, async (file) => {
    let records = 0;
    for await (const { record, intact, row } of storedRecords(tables, stream, within(of))) {
      if (!intact) throw altered(row.id ?? row.rollout);
      await file.add(JSON.stringify(record));
      records += 1;
    }
    return atLeastOne(records, of);
  });
}

/** Rows of a file; `datasets` reads several side by side. */
const SHARD_BYTES = 256 << 20;

/** A data set of two configurations, as Parquet, with the card that says so. */
export function exportDataset(tables: PoolTables, of: Of, path: string): Promise<number> {
  return folderBeside(path, async (folder) => {
    const counts: Partial<Record<TableStream, number>> = {};
    for (const stream of TABLE_STREAMS) {
      const data = join(folder, 'data', stream);
      await mkdir(join(folder, 'data'), { recursive: true });
      const columns = TABLES[stream].columns.map(({ name }) => named(name)).join(', ');
      // As they lie: nothing is sorted, so that memory does not grow with what is exported.
      await tables.duck.run(
        `COPY (SELECT ${columns} FROM ${stream} WHERE ${within(of)}) TO ${quoted(data)}
         (FORMAT parquet, COMPRESSION zstd, FILE_SIZE_BYTES ${SHARD_BYTES}, FILENAME_PATTERN 'train-{i}')`,
      );
      for await (const { rows } of tables.duck.objects(
        `SELECT count(*)::INTEGER AS rows FROM ${stream} WHERE ${within(of)}`,
      ))
        counts[stream] = Number(rows);
    }
    await writeFile(join(folder, 'README.md'), card(of, counts));
    return atLeastOne((counts.completions ?? 0) + (counts.trajectories ?? 0), of);
  });
}

function card({ campaign, round }: Of, counts: Partial<Record<TableStream, number>>): string {
  const configs = TABLE_STREAMS.map(
    (stream) => `- config_name: ${stream}\n  data_files:\n  - split: train\n    path: data/${stream}/*.parquet\n`,
  );
  const what = campaign === undefined ? 'all campaigns' : `campaign ${campaign}`;
  return `---
configs:
${configs.join('')}---

# Rollouts of ${what}${round === undefined ? '' : `, round ${round}`}

${counts.completions ?? 0} completions and ${counts.trajectories ?? 0} trajectories, exported by \`anneal pool export --format hf\`. The columns are explained in
docs/data-pool.md of Anneal. Log-probabilities are natural, of the distribution that was sampled from.
`;
}

export const altered = (what: string | null | undefined): AnnealError =>
  new AnnealError('pool.table_damaged', `${what} is not what was taken in`);

export function atLeastOne(records: number, { campaign, round }: Of): number {
  if (records > 0) return records;
  const where = `${campaign === undefined ? '' : ` of ${campaign}`}${round === undefined ? '' : ` in round ${round}`}`;
  throw new AnnealError('pool.nothing', `no record${where} is in the tables`);
}
