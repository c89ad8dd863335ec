// Integrity alarms by round: the share of a round's training rollouts that went for their reward and not for their task.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { LedgerCounts } from '../../contracts/record.ts';
import { figure, legend, lineChart, type Series } from '../../infra/markup/charts.ts';
import { percent } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import { ALARM_LIMIT } from '../../policies/integrity.ts';

/** Nothing where none was raised: the ledger below shows a zero as well as a chart would. */
export function alarms(
  rounds: readonly (Pick<LedgerCounts, 'requested' | 'masked'> & { readonly round: number })[],
  spec: Pick<CampaignSpec, 'integrity'> | undefined,
): Html {
  const rates = rounds.map(({ requested, masked }) => (masked.integrity_alarm ?? 0) / Math.max(1, requested));
  const raised = rounds.reduce((sum, { masked }) => sum + (masked.integrity_alarm ?? 0), 0);
  if (raised === 0) return html``;
  const limit = spec?.integrity?.alarmLimit ?? ALARM_LIMIT;
  const series: Series[] = [
    { name: 'raised an alarm', ink: 'visible', points: rates.map((y, x) => ({ x, y })) },
    { name: 'limit', ink: 'plain', points: rates.map((_, x) => ({ x, y: limit })) },
  ];
  const labels = rounds.map(({ round }) => String(round));
  const description = `Share of training rollouts that raised an integrity alarm, by round: ${rates.map(percent).join(', ')}; the limit is ${percent(limit)}.`;
  return figure(
    html`Integrity alarms by round`,
    html`${legend(series)}${lineChart({ description, labels, series, format: percent })}`,
    'Rollouts that raised one are masked. Beyond the limit the campaign pauses until a human has looked.',
  );
}
