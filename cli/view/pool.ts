// What the pool's commands print.
import type { Compacted } from '../../gateway/pool/tables/compact.ts';
import type { RoundOverview } from '../../gateway/pool/tables/overview.ts';
import type { Loss } from '../../gateway/pool/tables/progress.ts';
import type { TableSchema } from '../../gateway/pool/tables/schema.ts';
import type { VerifiedPool } from '../pool/verify.ts';
import { table } from './table.ts';

interface Wide {
  readonly width: number;
}

/** More are in the document that --json prints. */
const SHOWN = 20;

export const lossOf = ({ replica, stream, from, to }: Loss): string =>
  `segment ${from === to ? from : `${from} to ${to}`} of ${replica}'s ${stream}`;

export function renderCompacted(
  { segments, records, bytes, commits, passedOver, losses }: Compacted,
  address: string,
): string[] {
  const taken =
    segments === 0
      ? `Nothing new is sealed: the tables in ${address} have it all.`
      : `${records} records of ${segments} segments (${mebibytes(bytes)} MiB) taken into ${address} by ${commits} commits.`;
  const passed = `${passedOver} segments of context operations stay as they are: no table has them.`;
  return [taken, ...(passedOver === 0 ? [] : [passed]), ...losses.map((loss) => `Missing: ${lossOf(loss)}.`)];
}

export function renderOverview(rounds: readonly RoundOverview[], { width }: Wide): string[] {
  if (rounds.length === 0) return ['The tables are empty: ./anneal pool compact takes sealed segments in.'];
  const right = (title: string, drop?: number) => ({ title, align: 'right' as const, ...(drop ? { drop } : {}) });
  return table(
    [
      ...[{ title: 'campaign' }, right('round'), right('rollouts'), right('completions')],
      ...[right('prompt tokens', 2), right('answer tokens', 1), right('mean reward'), { title: 'outcomes', drop: 3 }],
    ],
    rounds.map((one) => [
      ...[one.campaign, `${one.round}`, `${one.rollouts}`, `${one.completions}`],
      ...[`${one.promptTokens}`, `${one.completionTokens}`, one.meanReward === null ? '–' : one.meanReward.toFixed(3)],
      Object.entries(one.outcomes)
        .map(([outcome, n]) => `${n} ${outcome}`)
        .join(', '),
    ]),
    { width },
  );
}

export function renderVerified(found: VerifiedPool, { width }: Wide): string[] {
  const { tables, withoutTable, problems, problemCount, ledgers, strangers } = found;
  const told = problems.slice(0, SHOWN).map(({ where, what, kind }) => `✗ ${where} ${what} (${kind})`);
  return [
    ...table(
      [
        ...[
          { title: 'table' },
          { title: 'records', align: 'right' as const },
          { title: 'files', align: 'right' as const },
        ],
        ...[
          { title: 'MiB', align: 'right' as const },
          { title: 'segments held against it', align: 'right' as const },
        ],
        ...[
          { title: 'not taken in yet', align: 'right' as const },
          { title: 'given up', align: 'right' as const },
        ],
      ],
      tables.map(({ name, records, files, bytes, segments }) => [
        ...[name, `${records}`, `${files}`, mebibytes(bytes)],
        ...[`${segments.taken}`, `${segments.waiting}`, `${segments.givenUp.length}`],
      ]),
      { width },
    ),
    ...(withoutTable.segments === 0
      ? []
      : [
          `${withoutTable.records} context operations of ${withoutTable.segments} segments were read; no table has them.`,
        ]),
    '',
    ...table(
      [
        ...[{ title: 'campaign' }, { title: 'round', align: 'right' as const }, { title: 'what for' }],
        ...[
          { title: 'requested', align: 'right' as const },
          { title: 'ends', drop: 1 },
        ],
        { title: 'balances' },
      ],
      ledgers.map((ledger) => [
        ...[ledger.campaign, `${ledger.round}`, `${ledger.purpose}.v${ledger.policy}`, `${ledger.lines.length}`],
        ...[reasonsOf(ledger.lines), ledger.balanced ? 'yes' : `no: ${whyNot(ledger)}`],
      ]),
      { width },
    ),
    ...(told.length === 0 ? [] : ['', ...told]),
    ...strangers.slice(0, SHOWN).map((rollout) => `✗ ${rollout} was requested by nobody`),
    ...(problemCount > SHOWN ? [`… ${problemCount} in all (--json prints them)`] : []),
    '',
    problemCount === 0
      ? 'Every record of every segment is in the tables once, and every rollout has one end.'
      : `${problemCount} things are not as they must be.`,
  ];
}

function reasonsOf(lines: VerifiedPool['ledgers'][number]['lines']): string {
  const counts = new Map<string, number>();
  for (const { state, reason } of lines) {
    const end = state === 'trainable' ? state : `${state}: ${reason}`;
    counts.set(end, (counts.get(end) ?? 0) + 1);
  }
  return [...counts].map(([end, n]) => `${n} ${end}`).join(', ');
}

function whyNot({ duplicates, strangers }: VerifiedPool['ledgers'][number]): string {
  return [
    ...(duplicates.length === 0 ? [] : [`${duplicates.length} twice, first ${duplicates[0]}`]),
    ...(strangers.length === 0 ? [] : [`${strangers.length} requested by nobody, first ${strangers[0]}`]),
  ].join('; ');
}

export function columnsOf(tables: Readonly<Record<string, TableSchema>>, { width }: Wide): string[] {
  return table(
    [{ title: 'table' }, { title: 'column' }, { title: 'type' }, { title: 'what it is' }],
    Object.values(tables).flatMap(({ name, columns }) =>
      columns.map((column) => [name, column.name, column.type, column.comment]),
    ),
    { width },
  );
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
