// pool compact, ls, show, verify, export, query: what the gateway captured, as tables.
import type { Command } from 'commander';
import { AnnealError } from '../../contracts/errors.ts';
import { closing } from '../../gateway/pool/tables/closing.ts';
import { compact } from '../../gateway/pool/tables/compact.ts';
import { exportDataset, exportLines } from '../../gateway/pool/tables/export.ts';
import { exportBatch } from '../../gateway/pool/tables/export-batch.ts';
import { openTables, type PoolTables } from '../../gateway/pool/tables/open.ts';
import { overview, storedRollout } from '../../gateway/pool/tables/overview.ts';
import { TABLES } from '../../gateway/pool/tables/schema.ts';
import { interruptible } from '../interrupt.ts';
import { campaignOrRollout, exportFlags, placeFlags, refuse, type WrittenFlags } from '../pool/flags.ts';
import { poolLosses } from '../pool/losses.ts';
import { mergedRollout } from '../pool/merging.ts';
import { type PoolPorts, plannedOf, plannedRound, poolPorts } from '../pool/ports.ts';
import { answer } from '../pool/query.ts';
import { verifyPool } from '../pool/verify.ts';
import { type Run, type Session, screen } from '../session.ts';
import { columnsOf, lossOf, renderCompacted, renderOverview, renderVerified } from '../view/pool.ts';
import { renderLosses } from '../view/pool-losses.ts';
import { renderMerging, renderRollout } from '../view/pool-rollout.ts';

type Work = (session: Session, ports: PoolPorts, signal: AbortSignal) => Promise<void>;

const KEPT = 'Stopped. What is in the tables stays; the same command goes on from there.';
const NOTHING_WRITTEN = 'Stopped; nothing was written.';

export function addPoolTables(pool: Command, run: Run): void {
  const running = (work: Work, command: Command, left: string) =>
    run((session) => interruptible((signal) => work(session, poolPorts(session), signal), left), command);

  pool
    .command('compact')
    .description('take sealed segments into the tables, each once; says which are missing')
    .option('--past-losses', 'give missing segments up, and go on with what follows them')
    .action((flags: { pastLosses?: boolean }, command: Command) =>
      running(
        (session, ports, signal) => compactPool(session, ports, flags.pastLosses === true, signal),
        command,
        KEPT,
      ),
    );
  pool
    .command('ls')
    .description('campaigns and rounds in the tables, and what of the logs is gone')
    .action((_flags: object, command: Command) =>
      running(
        async (session, { files, store }, signal) => {
          const told = await closing(await openTables(files, { signal, sealed: true }), async (tables) => {
            return { rounds: await overview(tables), losses: await poolLosses(store, tables) };
          });
          print(session, told, () => [...renderOverview(told.rounds, screen(session)), ...renderLosses(told.losses)]);
        },
        command,
        'Stopped.',
      ),
    );
  pool
    .command('show <what>')
    .description("a campaign's rounds, or everything of one rollout, and where its completions merge")
    .action((what: string, _flags: object, command: Command) =>
      running((session, ports, signal) => show(session, ports, what, signal), command, 'Stopped.'),
    );
  pool
    .command('verify')
    .description('hold the tables against segments and plans: every record once, every rollout one end')
    .option('--campaign <name>', 'the ledger of one campaign only; tables and segments are verified whole')
    .action((flags: WrittenFlags, command: Command) =>
      running(
        async (session, ports, signal) => {
          const problems: Parameters<typeof placeFlags>[1] = [];
          const { campaign } = placeFlags(flags, problems);
          refuse(problems);
          const verified = await verifyPool(ports, (name) => plannedOf(session, name), { campaign, signal });
          print(session, verified, () => [
            ...renderVerified(verified, screen(session)),
            ...renderLosses(verified.losses),
          ]);
          if (!verified.sound)
            throw new AnnealError('pool.unverified', `${verified.problemCount} things are not as they must be`);
        },
        command,
        'Stopped.',
      ),
    );
  pool
    .command('export')
    .description('write records (jsonl), a data set for datasets (hf), or the batch of a round (batch)')
    .option('--format <format>', 'jsonl, hf or batch')
    .option('--out <path>', 'what to write: nothing that is there is changed')
    .option('--campaign <name>', 'of one campaign')
    .option('--round <number>', 'of one round')
    .option('--table <name>', 'completions or trajectories, of jsonl; completions unless given')
    .action((flags: WrittenFlags, command: Command) =>
      running((session, { files }, signal) => exportPool(session, files, flags, signal), command, NOTHING_WRITTEN),
    );
  pool
    .command('query [sql]')
    .description('ask the tables completions and trajectories by SQL, through DuckDB; sealed rollouts are left out')
    .option('--tables', 'list the columns instead')
    .option('--limit <rows>', 'print so many rows at most; 100 unless given, all with --json')
    .action((sql: string | undefined, flags: { tables?: boolean; limit?: string }, command: Command) =>
      running(
        async (session, { files }, signal) => {
          if (flags.tables === true) print(session, { tables: TABLES }, () => columnsOf(TABLES, screen(session)));
          else await answer(session, files, { sql, limit: flags.limit, signal });
        },
        command,
        'Stopped.',
      ),
    );
}

async function compactPool(session: Session, { source, files }: PoolPorts, pastLosses: boolean, signal: AbortSignal) {
  const done = await compact(source, files, {
    ...{ pastLosses, signal },
    onProgress: ({ records }) => {
      if (process.stderr.isTTY && !session.json) process.stderr.write(`\r${records} records`);
    },
  });
  if (process.stderr.isTTY && !session.json && done.commits > 0) process.stderr.write('\n');
  print(session, done, () => renderCompacted(done, files.address));
  const [first] = done.losses;
  if (first !== undefined && !pastLosses)
    throw new AnnealError('pool.segment_missing', `${lossOf(first)} is not there, although later ones are`);
}

async function show(session: Session, { files, source }: PoolPorts, what: string, signal: AbortSignal): Promise<void> {
  const { campaign, rollout } = campaignOrRollout(what);
  await closing(await openTables(files, { signal, campaigns: [campaign] }), look);

  async function look(tables: PoolTables): Promise<void> {
    if (rollout === undefined) {
      const rounds = await overview(tables, campaign);
      if (rounds.length === 0) throw new AnnealError('pool.nothing', `nothing of ${what} is in the tables`);
      print(session, { rounds }, () => renderOverview(rounds, screen(session)));
      return;
    }
    const found = await storedRollout(tables, rollout);
    if (found === undefined) throw new AnnealError('pool.nothing', `nothing of ${what} is in the tables`);
    const merging = await mergedRollout(found, source);
    const told = merging === undefined ? found : { ...found, merging };
    print(session, told, () => [
      ...renderRollout(found, screen(session)),
      ...renderMerging(found, merging, screen(session)),
    ]);
  }
}

async function exportPool(session: Session, files: PoolPorts['files'], written: WrittenFlags, signal: AbortSignal) {
  const { format, out, table, campaign, round } = exportFlags(written);
  const of = { campaign, round };
  const campaigns = campaign === undefined ? undefined : [campaign];
  const records = await closing(await openTables(files, { signal, campaigns }), write);
  print(session, { format, out, records }, () => [
    `${records} ${format === 'batch' ? 'samples' : 'records'} in ${out}`,
  ]);

  async function write(tables: PoolTables): Promise<number> {
    if (format === 'jsonl') return exportLines(tables, table, of, out);
    if (format === 'hf') return exportDataset(tables, of, out);
    return batch(session, tables, campaign ?? '', round ?? 0, out);
  }
}

async function batch(session: Session, tables: PoolTables, campaign: string, round: number, out: string) {
  const { plan, signal } = await plannedRound(session, campaign, round);
  return exportBatch(tables, plan, signal, out);
}

function print(session: Session, value: unknown, lines: () => readonly string[]): void {
  process.stdout.write(session.json ? `${JSON.stringify(value, undefined, 2)}\n` : `${lines().join('\n')}\n`);
}
