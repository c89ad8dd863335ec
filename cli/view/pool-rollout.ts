// What `pool show` prints of one rollout: what was asked, how it ended, and where its completions merge.
import type { BreakReason } from '../../contracts/session.ts';
import type { StoredRollout } from '../../gateway/pool/tables/overview.ts';
import { grouped } from '../../infra/markup/figures.ts';
import type { MergedRollout } from '../pool/merging.ts';
import { BREAKS, timesFewer } from './merging.ts';
import { table } from './table.ts';

interface Wide {
  readonly width: number;
}

export function renderRollout({ rollout, completions, trajectory }: StoredRollout, { width }: Wide): string[] {
  const { outcome, reason, reward, task, policy } = (trajectory ?? {}) as Record<string, unknown>;
  const total = (reward as { total?: number } | undefined)?.total;
  const end =
    trajectory === null
      ? 'no trajectory'
      : `${policy} on ${task}: ${outcome}${reason === undefined ? '' : ` (${reason})`}${total === undefined ? '' : `, reward ${total}`}`;
  return [
    `${rollout}: ${end}`,
    '',
    ...table(
      [
        { title: 'completion' },
        { title: 'finish' },
        { title: 'fidelity', drop: 2 },
        { title: 'prompt', align: 'right' },
        { title: 'answer', align: 'right' },
        { title: 'ms', align: 'right', drop: 1 },
        { title: 'text' },
      ],
      completions.map((one) => [
        ...[String(one.id).slice(rollout.length + 1), String(one.finish), String(one.fidelity)],
        ...[lengthOf(one.promptIds), lengthOf(one.completionIds), Number(one.milliseconds).toFixed(0)],
        String(one.text).replaceAll(/\s+/g, ' ').slice(0, 120),
      ]),
      { width },
    ),
  ];
}

/** Nothing where the rollout is one completion. */
export function renderMerging(
  { rollout }: StoredRollout,
  merged: MergedRollout | undefined,
  { width }: Wide,
): string[] {
  if (merged === undefined || merged.completions.length < 2) return [];
  const { completions, operations, savings } = merged;
  const { before, after } = savings;
  const short = (id: string | undefined): string => (id === undefined ? '–' : id.slice(rollout.length + 1));
  const told =
    operations.length === 0 ? 'Its agent registered nothing.' : `Its agent registered ${kindsOf(operations)}.`;
  return [
    '',
    ...table(
      [
        ...[{ title: 'completion' }, { title: 'line', drop: 2 }, { title: 'goes on from' }],
        ...[
          { title: 'shared', align: 'right' as const },
          { title: 'new', align: 'right' as const },
        ],
        ...[{ title: 'break' }, { title: 'told by', drop: 1 }],
      ],
      completions.map((one) => [
        ...[short(one.id), one.line, one.kind === 'continuation' ? short(one.of) : '–'],
        ...[grouped(one.shared), grouped(one.fresh)],
        ...breakOf(one),
      ]),
      { width },
    ),
    ...legendOf(savings.breaks),
    '',
    `${grouped(before)} tokens, merged ${grouped(after)}: ${timesFewer(before, after)}. ${told}`,
  ];
}

/** The reason, and who told it. */
function breakOf(one: MergedRollout['completions'][number]): [string, string] {
  if (one.kind === 'root') return ['begins', ''];
  if (one.reason === undefined) return ['', ''];
  return [one.reason, one.evidence === 'registered' ? 'the agent' : 'its messages'];
}

/** Of those that there are. */
function legendOf(breaks: MergedRollout['savings']['breaks']): string[] {
  const names = (Object.keys(BREAKS) as BreakReason[]).filter((name) => breaks[name] !== undefined);
  return names.length === 0 ? [] : ['', ...names.map((name) => `${name}: ${BREAKS[name]}`)];
}

/** `2 truncate, 1 summarise` */
function kindsOf(operations: MergedRollout['operations']): string {
  const counts = new Map<string, number>();
  for (const { kind } of operations) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, n]) => `${n} ${kind}`).join(', ');
}

const lengthOf = (ids: unknown): string => (Array.isArray(ids) ? `${ids.length}` : '');
