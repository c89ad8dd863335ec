// The rollouts of one round, a row each, by outcome and purpose.
import type { CampaignName } from '../../contracts/ids.ts';
import type { Outcome, Trajectory } from '../../contracts/trajectory.ts';
import { grouped } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';

const ROWS = 60;

export interface RolloutsPage {
  readonly campaign: CampaignName;
  readonly round: number;
  readonly all: readonly Trajectory[];
  readonly outcome: string | undefined;
  readonly purpose: string | undefined;
  /** From 1. */
  readonly page: number;
}

export const wordsOf = (outcome: Outcome): string => outcome.replaceAll('_', ' ');
export const toneOf = (outcome: Outcome): string =>
  outcome === 'success'
    ? 'good'
    : outcome === 'policy_failure'
      ? 'soft'
      : outcome === 'integrity_alarm'
        ? 'bad'
        : 'warn';

export function rolloutsPage({ campaign, round, all, outcome, purpose, page }: RolloutsPage): Html {
  const here = `/campaigns/${campaign}/rounds/${round}/rollouts`;
  const found = all.filter(
    (one) => (outcome === undefined || one.outcome === outcome) && (purpose === undefined || one.purpose === purpose),
  );
  const pages = Math.max(1, Math.ceil(found.length / ROWS));
  const at = Math.min(Math.max(1, page), pages);
  const query = (change: Record<string, string | undefined>): string => {
    const set = Object.entries({ outcome, purpose, ...change }).filter(
      (one): one is [string, string] => one[1] !== undefined,
    );
    return `${here}${set.length === 0 ? '' : `?${new URLSearchParams(set)}`}`;
  };
  const filter = (name: 'outcome' | 'purpose', chosen: string | undefined): Html => {
    const counts = Map.groupBy(all, (one) => one[name]);
    const links = [...counts].map(
      ([value, of]) =>
        html`<li><a href="${query({ [name]: value })}"${value === chosen && html` aria-current="true"`}>${value.replaceAll('_', ' ')}</a> <span class="soft">${grouped(of.length)}</span></li>`,
    );
    return html`<div><h2 class="small">${name}</h2><ul class="chips"><li><a href="${query({ [name]: undefined })}"${chosen === undefined && html` aria-current="true"`}>all</a> <span class="soft">${grouped(all.length)}</span></li>${links}</ul></div>`;
  };
  return html`<p class="soft"><a href="/campaigns/${campaign}">${campaign}</a></p><div class="headline"><h1>${round === 0 ? 'Baseline' : `Round ${round}`}: ${grouped(all.length)} rollouts</h1></div>
<nav class="filters" aria-label="Which rollouts">${filter('outcome', outcome)}${filter('purpose', purpose)}</nav>
${
  found.length === 0
    ? html`<p>None of these. What was sampled from the sealed split is never shown.</p>`
    : html`<div class="scroll" tabindex="0" role="region" aria-label="Rollouts"><table><thead><tr><th scope="col">rollout</th><th scope="col">outcome</th><th scope="col" class="number">reward</th><th scope="col" class="number">tokens</th><th scope="col">task</th></tr></thead><tbody>${found
        .slice((at - 1) * ROWS, at * ROWS)
        .map(
          (one) =>
            html`<tr data-row><th scope="row"><a href="${here}/${restOf(one)}">${restOf(one)}</a></th><td class="${toneOf(one.outcome)}">${wordsOf(one.outcome)}${one.alarms && html` <span class="tag bad">alarm</span>`}</td><td class="number">${one.reward?.total.toFixed(2) ?? '–'}</td><td class="number">${grouped(one.tokens.completion)}</td><td class="task">${one.task}</td></tr>`,
        )}</tbody></table></div>`
}
${pages > 1 && html`<nav class="pager" aria-label="Pages">${at > 1 ? html`<a rel="prev" href="${query({ page: String(at - 1) })}">Before</a>` : html`<span class="soft">Before</span>`}<span>page ${at} of ${pages}</span>${at < pages ? html`<a rel="next" href="${query({ page: String(at + 1) })}">Next</a>` : html`<span class="soft">Next</span>`}</nav>`}`;
}

/** `train.v1/g0/s1` */
export const restOf = ({ rollout }: Pick<Trajectory, 'rollout'>): string => rollout.split('/').slice(2).join('/');
