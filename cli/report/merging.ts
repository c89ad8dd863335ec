// How far the batches of rollouts with several completions are the same tokens again, and why the rest is not.
import type { MergedRound } from '../../contracts/record.ts';
import type { BreakReason } from '../../contracts/session.ts';
import { dataTable } from '../../infra/markup/charts.ts';
import { grouped, percent } from '../../infra/markup/figures.ts';
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import { BREAKS, timesFewer } from '../view/merging.ts';
import type { ReportView } from './view.ts';

/** Undefined where every rollout is one completion, and in reports from before. */
export function merging({ data }: ReportView): Html | undefined {
  const { merging: batches } = data;
  if (batches === undefined) return undefined;
  const [before, after] = [sum(batches, 'before'), sum(batches, 'after')];
  const broken = reasons(batches);
  const rest =
    broken.length === 0
      ? html`<p class="note">No completion left its line: each goes on where the one before it ended, token for token.</p>`
      : dataTable(
          'Why completions do not go on where their line was',
          ['reason', 'what it is', 'completions', 'tokens anew'],
          broken,
          { texts: [1] },
        );
  return html`<section id="merging" aria-labelledby="h-merging"><h2 id="h-merging">Merging</h2>
<p class="lead">A completion that goes on where an earlier one of its rollout ended repeats its tokens: computed once, <strong>${grouped(before)}</strong> tokens are <strong>${grouped(after)}</strong>, ${timesFewer(before, after)}.</p>
${dataTable('Tokens by batch', ['round', 'rollouts', 'completions', 'tokens', 'merged in rollouts', 'saved', 'merged over the batch'], batches.map(row))}
${rest}
<p class="note">Only exact token histories merge. The last column counts every beginning once that several rollouts of a batch share. A trainer without merging computes the tokens of the fourth column.</p></section>`;
}

const row = ({ round, rollouts, completions, before, after, least }: MergedRound): Part[] => [
  String(round),
  ...[rollouts, completions, before, after].map(grouped),
  percent(before === 0 ? 0 : 1 - after / before),
  grouped(least),
];

function reasons(batches: readonly MergedRound[]): Part[][] {
  const names = Object.keys(BREAKS) as BreakReason[];
  return names.flatMap((name) => {
    const found = batches.flatMap(({ breaks }) => breaks[name] ?? []);
    if (found.length === 0) return [];
    const [completions, tokens] = [sum(found, 'completions'), sum(found, 'tokens')];
    return [[name, BREAKS[name], grouped(completions), grouped(tokens)]];
  });
}

const sum = <K extends string>(of: readonly Readonly<Record<K, number>>[], member: K): number =>
  of.reduce((total, one) => total + one[member], 0);
