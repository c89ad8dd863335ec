// How rollouts and training overlapped: the scheduler, how old and how far out of order it trained, what it gave up, who had nothing to do.
import type { PipelineSummary } from '../../contracts/pipeline.ts';
import { dataTable } from '../../infra/markup/charts.ts';
import { grouped, percent, points, span } from '../../infra/markup/figures.ts';
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import { term } from './terms.ts';
import type { ReportView } from './view.ts';

const REASONS: Readonly<Record<string, string>> = {
  failed: 'every rollout of it failed',
  hung: 'did not end in time',
  expired: 'too old to train on',
  reverted: 'sampled by a version that was left behind',
  ended: 'no round was left for it',
};

/** Undefined where rollouts and training take turns. */
export function overlap({ data }: ReportView): Html | undefined {
  const { pipeline } = data;
  if (pipeline === undefined) return undefined;
  const { started, trained, open, givenUp } = pipeline;
  const lost = Object.values(givenUp).reduce((sum, count) => sum + count, 0);
  const rest = open === 0 ? '' : `, ${grouped(open)} still open`;
  const others = pipeline.replaced ? `, ${grouped(pipeline.replaced)} of them replaced by others` : '';
  return html`<section id="overlap" aria-labelledby="h-overlap"><h2 id="h-overlap">Rollouts beside training</h2>
<p class="lead">Groups of rollouts went on while rounds trained; the scheduler <strong>${spoken(pipeline.scheduler)}</strong> said which of them. ${grouped(started)} started: ${grouped(trained)} trained on, ${grouped(lost)} given up${others}${rest}.</p>
${dataTable('Age and order of the groups that were trained on', ['', 'mean', 'median', '95 of 100', 'most'], order(pipeline))}
${dataTable('Groups by age', ['rounds old', 'groups', 'share'], ages(pipeline))}
${lost > 0 && dataTable('Given up', ['why', 'groups'], reasons(pipeline), { texts: [0] })}
${dataTable('Time from the first start to the last end', ['part', 'at work', 'idle', 'idle share'], times(pipeline))}
<p class="note">Both at work at once: ${span(pipeline.overlap)} of ${span(pipeline.seconds)}. Length bias ${points(pipeline.lengthBias)}: what was trained on, in tokens, against what was started; below zero, long rollouts were lost. Of measured times; a human's answers count as idle.</p></section>`;
}

/** `position-window (batch 4, outstanding 8, window 4)` */
function spoken({ kind, timeoutSeconds: _, ...settings }: PipelineSummary['scheduler']): string {
  const told = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return `${kind} (${told.join(', ')})`;
}

function order({ staleness, lag, disorder, overtaken, bound }: PipelineSummary): Part[][] {
  const row = (name: Part, of: PipelineSummary['lag']): Part[] => [
    name,
    ...[of.mean.toFixed(2), ...[of.p50, of.p95, of.max].map(grouped)],
  ];
  return [
    row(html`${term('staleness')}, in rounds (at most ${bound})`, staleness),
    row('lag: others trained on between its start and its turn', lag),
    row('disorder: positions ahead of the oldest that was to come', disorder),
    row('overtaken by later ones', overtaken),
  ];
}

function ages({ histogram }: PipelineSummary): Part[][] {
  const all = histogram.reduce((sum, one) => sum + one, 0);
  return histogram.map((groups, rounds) => [String(rounds), grouped(groups), percent(all === 0 ? 0 : groups / all)]);
}

function reasons({ givenUp }: PipelineSummary): Part[][] {
  return Object.entries(givenUp).map(([reason, groups]) => [REASONS[reason] ?? reason, grouped(groups)]);
}

function times({ seconds, idle }: PipelineSummary): Part[][] {
  const row = (name: string, idleSeconds: number): Part[] => [
    name,
    ...[span(seconds - idleSeconds), span(idleSeconds), percent(seconds === 0 ? 0 : idleSeconds / seconds)],
  ];
  return [row('engines, measurements included', idle.engines), row('trainer', idle.trainer)];
}
