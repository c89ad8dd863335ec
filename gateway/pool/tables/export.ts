// What leaves the pool: records as they were captured, a folder that `datasets` loads, and the trainer's batch lines.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnnealError } from '../../../contracts/errors.ts';
import type { BatchSample } from '../../../contracts/job.ts';
import type { CompletionRecord, Trajectory } from '../../../contracts/trajectory.ts';
import { assembleSamples, hasOtherWeights, type Sample, type Signal } from '../../../policies/advantage.ts';
import { folderBeside, linesBeside } from './beside.ts';
import { named, quoted } from './duck.ts';
import type { Planned } from './ledgers.ts';
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

/** So many rollouts' completions are in memory at a time. */
const AT_ONCE = 32;

/** A round's batch, as its training job was given it: the same samples, in the same order, with the same advantages. */
export async function exportBatch(tables: PoolTables, plan: Planned, signal: Signal, path: string): Promise<number> {
  const trajectories = new Map<string, Trajectory>();
  const where = `${within(plan)} AND purpose = 'train' AND "policyVersion" = ${plan.policy.number}`;
  for await (const { record, intact } of storedRecords(tables, 'trajectories', where)) {
    const one = record as unknown as Trajectory;
    if (!intact) throw altered(one.rollout);
    trajectories.set(one.rollout, one);
  }
  const about = await aboutCompletions(tables, where);
  const { samples, strangers } = assembleSamples({
    planned: plan.rollouts.map(({ id }) => id),
    graded: [...trajectories.values()].map((one) => {
      const answer = about.get(one.completions[0] ?? '');
      return {
        ...{ rollout: one.rollout, outcome: one.outcome, reward: one.reward?.total },
        fidelity: answer?.fidelity,
        otherWeights: hasOtherWeights(plan.policy, answer),
        completionTokens: one.tokens.completion,
      };
    }),
    signal,
  });
  if (strangers.length > 0)
    throw new AnnealError(
      'campaign.unbalanced',
      `the pool holds rollouts nobody planned: ${strangers.slice(0, 5).join(', ')}`,
    );
  const training = samples.filter((sample) => sample.state === 'train');
  return linesBeside(path, async (file) => {
    for (let at = 0; at < training.length; at += AT_ONCE) {
      const some = training.slice(at, at + AT_ONCE);
      for (const line of await linesOf(tables, plan, some, trajectories, where)) await file.add(JSON.stringify(line));
    }
    return atLeastOne(training.length, plan);
  });
}

async function linesOf(
  tables: PoolTables,
  plan: Planned,
  samples: readonly Extract<Sample, { state: 'train' }>[],
  trajectories: ReadonlyMap<string, Trajectory>,
  where: string,
): Promise<BatchSample[]> {
  const idOf = (rollout: string): string => trajectories.get(rollout)?.completions[0] ?? '';
  const ids = samples.map(({ id }) => quoted(idOf(id))).join(', ');
  const answers = new Map<string, CompletionRecord>();
  for await (const { record, intact } of storedRecords(tables, 'completions', `${where} AND id IN (${ids})`)) {
    const one = record as unknown as CompletionRecord;
    if (!intact) throw altered(one.id);
    answers.set(one.id, one);
  }
  return samples.map(({ id, group, advantage, reward }): BatchSample => {
    const answer = answers.get(idOf(id));
    if (answer === undefined)
      throw new AnnealError('pool.table_damaged', `the completion of ${id} is not in the table`);
    const { promptIds, completionIds, logprobs, routing } = answer;
    return {
      ...{ id, group, promptIds, completionIds, logprobs, advantage, reward, policyVersion: plan.policy.number },
      ...(routing === undefined ? {} : { routing }),
    };
  });
}

type About = Pick<CompletionRecord, 'fidelity' | 'weights'>;

async function aboutCompletions({ duck }: PoolTables, where: string): Promise<Map<string, About>> {
  const found = new Map<string, About>();
  for await (const row of duck.rows(`SELECT id, fidelity, other FROM completions WHERE ${where}`)) {
    const { weights } = (row.other ? JSON.parse(row.other) : {}) as About;
    found.set(row.id ?? '', { fidelity: row.fidelity as About['fidelity'], weights });
  }
  return found;
}

const altered = (what: string | null | undefined): AnnealError =>
  new AnnealError('pool.table_damaged', `${what} is not what was taken in`);

function atLeastOne(records: number, { campaign, round }: Of): number {
  if (records > 0) return records;
  const where = `${campaign === undefined ? '' : ` of ${campaign}`}${round === undefined ? '' : ` in round ${round}`}`;
  throw new AnnealError('pool.nothing', `no record${where} is in the tables`);
}
