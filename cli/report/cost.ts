// Where time and tokens went.
import type { CampaignState } from '../../contracts/record.ts';
import { dataTable, figure, stackedBar } from '../../infra/markup/charts.ts';
import { grouped, span, wholePercent } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import { sumStages } from '../view/summary.ts';
import type { ReportView } from './view.ts';

/** What each stage is called, and which of the bar's colours it has. Waiting for a human is hatched. */
const STAGES: Readonly<Record<string, { name: string; kind: string }>> = {
  construct: { name: 'construct tasks', kind: 'a' },
  servers: { name: 'wait: policy servers', kind: 'wait' },
  baseline: { name: 'measure the start', kind: 'b' },
  rollout: { name: 'roll out', kind: 'c' },
  train: { name: 'train', kind: 'd' },
  evaluate: { name: 'evaluate', kind: 'e' },
  decide: { name: 'decide', kind: 'f' },
  'sealed-gate': { name: 'wait: open sealed?', kind: 'wait' },
  sealed: { name: 'evaluate sealed', kind: 'g' },
  'release-gate': { name: 'wait: release?', kind: 'wait' },
  release: { name: 'release', kind: 'f' },
  report: { name: 'report', kind: 'f' },
  other: { name: 'other', kind: 'a' },
};

/** Tokens by the stage that generated them; what no measurement claims is shown as `other`, never dropped. */
export function tokensByStage(state: CampaignState): ReadonlyMap<string, number> {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const tokens = new Map<string, number>([
    ['baseline', state.baseline?.tokens ?? 0],
    ['rollout', sum(state.rounds.map((round) => round.visible.tokens))],
    ['evaluate', sum(state.rounds.map((round) => round.gate.tokens))],
    ['sealed', (state.sealed?.before.tokens ?? 0) + (state.sealed?.after.tokens ?? 0)],
  ]);
  const rest = state.tokens - sum([...tokens.values()]);
  if (rest > 0) tokens.set('other', rest);
  return new Map([...tokens].filter(([, count]) => count > 0));
}

export function cost({ data }: ReportView): Html {
  const times = new Map(sumStages(data.state.stages).map((one) => [one.stage, one]));
  const tokens = tokensByStage(data.state);
  const stages = [...new Set([...times.keys(), ...tokens.keys()])];
  const seconds = [...times.values()].reduce((total, one) => total + one.seconds, 0);
  const allTokens = [...tokens.values()].reduce((total, one) => total + one, 0);
  const named = (stage: string): { name: string; kind: string } => STAGES[stage] ?? { name: stage, kind: 'f' };
  const part = (stage: string, value: number, said: string) => ({ ...named(stage), value, said });
  const share = (value: number, total: number): string => (total === 0 ? '–' : wholePercent(value / total));
  const rows = stages.map((stage) => {
    const time = times.get(stage);
    const generated = tokens.get(stage) ?? 0;
    return [
      html`<span class="swatch part-${named(stage).kind}" aria-hidden="true"></span>${named(stage).name}`,
      time === undefined ? '–' : String(time.times),
      time === undefined ? '–' : span(time.seconds),
      time === undefined ? '–' : share(time.seconds, seconds),
      generated === 0 ? '–' : grouped(generated),
      generated === 0 ? '–' : share(generated, allTokens),
    ];
  });
  return html`<section id="cost" aria-labelledby="h-cost"><h2 id="h-cost">Time and tokens</h2>
${figure(
  html`Time by stage: ${span(seconds)} in all`,
  stackedBar(
    [...times.values()].map((one) => part(one.stage, one.seconds, span(one.seconds))),
    `Time by stage: ${[...times.values()].map((one) => `${named(one.stage).name} ${span(one.seconds)}`).join(', ')}.`,
  ),
)}
${figure(
  html`Tokens by stage: ${grouped(allTokens)} in all`,
  stackedBar(
    [...tokens].map(([stage, count]) => part(stage, count, grouped(count))),
    `Tokens by stage: ${[...tokens].map(([stage, count]) => `${named(stage).name} ${grouped(count)}`).join(', ')}.`,
  ),
)}
${dataTable('Stages', ['stage', 'times', 'time', 'share', 'tokens', 'share'], rows)}</section>`;
}
