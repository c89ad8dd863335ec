// A round's batch out of the tables, as its training job was given it: the same lines, in the same order, to the byte.
import { AnnealError } from '../../../contracts/errors.ts';
import type { CompletionRecord, Trajectory } from '../../../contracts/trajectory.ts';
import type { Signal } from '../../../policies/advantage.ts';
import { type BatchCompletion, batchLine, batchOf, type ChosenLine } from '../../../policies/batch.ts';
import { linesBeside } from './beside.ts';
import { quoted } from './duck.ts';
import { altered, atLeastOne } from './export.ts';
import { type Planned, placeOf } from './ledgers.ts';
import type { PoolTables } from './open.ts';
import { textOf } from './row.ts';
import { storedRecords } from './stored.ts';

/** So many tokens' completions are in memory at a time, or a single one that has more. */
const TOKENS_AT_ONCE = 1 << 20;

/**
 * @param plan what the round trains on; `policy` is the version that it trains from, and no completion trains as a newer one
 * @returns how many lines: one for each completion of each rollout that trains
 * @throws AnnealError `pool.nothing`, `pool.table_damaged`, `campaign.unbalanced` where the pool holds rollouts that nobody planned
 */
export async function exportBatch(tables: PoolTables, plan: Planned, signal: Signal, path: string): Promise<number> {
  const where = placeOf(plan);
  const trajectories: Trajectory[] = [];
  for await (const { record, intact } of storedRecords(tables, 'trajectories', where)) {
    const one = record as unknown as Trajectory;
    if (!intact) throw altered(one.rollout);
    trajectories.push(one);
  }
  const completions = await weighed(tables, where);
  const { lines } = batchOf({ ...{ plan, trajectories, completions, signal }, weigh: (one) => one });
  return linesBeside(path, async (file) => {
    for (const some of inPieces(lines, ({ completion }) => completion.tokens + completion.promptTokens)) {
      const answers = await read(tables, where, some);
      for (const line of some) {
        const { id } = line.completion;
        const answer = answers.get(id);
        if (answer === undefined) throw new AnnealError('pool.table_damaged', `${id} is not in the table any more`);
        await file.add(JSON.stringify(batchLine(line, answer, plan.policy)));
      }
    }
    return atLeastOne(lines.length, plan);
  });
}

type Weighed = BatchCompletion & { readonly promptTokens: number };

/** All completions of the plan, without their tokens. */
async function weighed({ duck }: PoolTables, where: string): Promise<Weighed[]> {
  const found: Weighed[] = [];
  const sql = `SELECT id, rollout, policy, fidelity, len("completionIds")::VARCHAR AS tokens, len("promptIds")::VARCHAR AS "promptTokens", other
    FROM completions WHERE ${where}`;
  for await (const row of duck.rows(sql)) {
    const { weights } = (row.other ? JSON.parse(row.other) : {}) as Pick<CompletionRecord, 'weights'>;
    found.push({
      id: textOf(row, 'id') as BatchCompletion['id'],
      rollout: textOf(row, 'rollout') as BatchCompletion['rollout'],
      policy: textOf(row, 'policy') as BatchCompletion['policy'],
      fidelity: textOf(row, 'fidelity') as BatchCompletion['fidelity'],
      ...{ tokens: Number(row.tokens), promptTokens: Number(row.promptTokens) },
      ...(weights === undefined ? {} : { weights }),
    });
  }
  return found;
}

function* inPieces<T>(all: readonly T[], tokensOf: (one: T) => number): Generator<T[]> {
  let piece: T[] = [];
  let tokens = 0;
  for (const one of all) {
    if (piece.length > 0 && tokens + tokensOf(one) > TOKENS_AT_ONCE) {
      yield piece;
      [piece, tokens] = [[], 0];
    }
    piece.push(one);
    tokens += tokensOf(one);
  }
  if (piece.length > 0) yield piece;
}

async function read(
  tables: PoolTables,
  where: string,
  lines: readonly ChosenLine<Weighed>[],
): Promise<Map<string, CompletionRecord>> {
  const ids = lines.map(({ completion }) => quoted(completion.id)).join(', ');
  const answers = new Map<string, CompletionRecord>();
  for await (const { record, intact } of storedRecords(tables, 'completions', `${where} AND id IN (${ids})`)) {
    const one = record as unknown as CompletionRecord;
    if (!intact) throw altered(one.id);
    answers.set(one.id, one);
  }
  return answers;
}
