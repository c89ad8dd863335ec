// What a second judgement of stored rollouts found: by purpose and version, and the rollouts that differ.
import type { ArtifactRef } from '../../contracts/artifact.ts';
import type { Reverification, ReverifiedRollout } from '../../contracts/reverification.ts';
import type { ReverifiedGroup } from '../../evals/reverify/reverify.ts';
import { percent, points } from '../../infra/markup/figures.ts';
import { table } from './table.ts';

/** More are in the record, which --json prints. */
const SHOWN = 20;

export function renderReverification(
  found: Reverification,
  groups: readonly ReverifiedGroup[],
  ref: ArtifactRef,
  { width }: { readonly width: number },
): string[] {
  const { campaign, verifier, rollouts, left } = found;
  const differing = rollouts.filter(({ difference }) => difference !== 'same');
  const head = [
    `${campaign}, judged again by ${verifier.name}@${verifier.version}: ${rollouts.length - differing.length} of ${rollouts.length} as before, ${differing.length} differ.`,
    '',
    ...table(
      [
        ...[{ title: 'what for' }, { title: 'policy' }, { title: 'rollouts', align: 'right' as const }],
        ...[
          { title: 'differ', align: 'right' as const },
          { title: 'without verdict', align: 'right' as const, drop: 1 },
        ],
        ...[
          { title: 'solved before', align: 'right' as const },
          { title: 'now', align: 'right' as const },
        ],
        { title: 'change' },
      ],
      groups.map((group) => [
        ...[group.purpose, group.policy, `${group.judged}`, `${group.changed}`, `${group.unjudged}`],
        ...[percent(group.passedBefore), percent(group.passedAfter), points(group.passedAfter - group.passedBefore)],
      ]),
      { width },
    ),
  ];
  const listed = differing.slice(0, SHOWN).map((one) => [one.rollout, one.task, said(one.before), said(one.after)]);
  const rows = table(
    [{ title: 'rollout' }, { title: 'task', drop: 1 }, { title: 'before' }, { title: 'now' }],
    listed,
    { width },
  );
  const more = differing.length > SHOWN ? [`… and ${differing.length - SHOWN} more (--json prints all)`] : [];
  const unread =
    left.length === 0
      ? []
      : ['', `${left.length} could not be judged again, first ${left[0]?.rollout}: ${left[0]?.why}.`];
  return [
    ...head,
    ...(listed.length === 0 ? [] : ['', ...rows, ...more]),
    ...unread,
    '',
    `Recorded as ${ref.sha256.slice(0, 12)}. Rewards of the campaign stay as they were given.`,
  ];
}

const said = ({ outcome, reward }: ReverifiedRollout['before']): string =>
  reward === undefined ? outcome.replaceAll('_', ' ') : `${outcome.replaceAll('_', ' ')} (${reward.total.toFixed(2)})`;
