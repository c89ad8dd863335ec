// The monitor's report: each round in sentences that are made of the campaign's own records.
import { type Html, html } from '../../infra/markup/html.ts';
import { roundReports, roundSentences } from '../../policies/round-report.ts';
import type { ReportView } from './view.ts';

/** Undefined where no round was finished and nothing was seen. */
export function monitor({ data, steps }: ReportView): Html | undefined {
  const reports = roundReports(data.state, steps);
  if (reports.length === 0) return undefined;
  const seen = reports.reduce((sum, { sightings }) => sum + sightings.length, 0);
  const items = reports.map(
    (report) =>
      html`<li value="${String(report.round)}">${report.verdict === undefined ? 'Not finished.' : html`<span class="verdict-${report.verdict}">${report.verdict}</span>.`} ${roundSentences(report).join(' ')}</li>`,
  );
  return html`<section id="monitor" aria-labelledby="h-monitor"><h2 id="h-monitor">What the monitor says</h2>
<p class="lead">${seen === 0 ? 'Nothing was seen to go wrong while trainings ran.' : `${seen} ${seen === 1 ? 'thing was' : 'things were'} seen to go wrong while trainings ran.`} Every sentence is made of the campaign’s records; no model has written any.</p>
<ol class="reasons">${items}</ol></section>`;
}
