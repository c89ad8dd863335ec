// Campaigns: all of them, a row each.
import { instant } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import type { CampaignSummary } from '../../infra/temporal/campaign-list.ts';

export function campaignsPage(all: readonly CampaignSummary[]): Html {
  const running = all.filter(({ status }) => status === 'running').length;
  return html`<div data-part="campaigns"><div class="headline"><h1>${all.length === 0 ? 'No campaigns' : `${all.length} ${all.length === 1 ? 'campaign' : 'campaigns'}, ${running} running`}</h1></div>
${all.length === 0 && html`<p>Start one: <code>./anneal quickstart</code></p>`}
${
  all.length > 0 &&
  html`<div class="scroll" tabindex="0" role="region" aria-label="Campaigns"><table><thead><tr><th scope="col">campaign</th><th scope="col">state</th><th scope="col" class="number">round</th><th scope="col">owner</th><th scope="col">started</th></tr></thead><tbody>${all.map(
    (one) =>
      html`<tr data-row><th scope="row"><a href="/campaigns/${one.name}">${one.name}</a></th><td>${stateOf(one)}</td><td class="number">${one.round ?? '–'}</td><td>${one.owner || '–'}</td><td class="nowrap">${instant(one.startedAt)}</td></tr>`,
  )}</tbody></table></div>`
}</div>`;
}

function stateOf({ status, ending, stage }: CampaignSummary): Html {
  if (status === 'running')
    return stage.endsWith('-gate')
      ? html`<span class="warn">waits for an answer</span>`
      : html`${stage === '' ? 'running' : stage}`;
  if (status !== 'completed') return html`<span class="bad">${status}</span>`;
  const words = (ending ?? status).replace('-', ' ');
  return ending === 'released' ? html`<span class="good">${words}</span>` : html`${words}`;
}
