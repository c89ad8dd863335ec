// Incidents: all of them, a row each.
import type { IncidentEnd } from '../../contracts/incident.ts';
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import type { ListedGate } from '../live/board.ts';
import { openGateOf, type Page } from '../read/cases.ts';
import type { IncidentRow } from '../read/incidents.ts';
import { short } from '../show/said.ts';
import { age, listPage } from './list.ts';

export function incidentsPage(page: Page<IncidentRow>, open: readonly ListedGate[], now: Date): Html {
  return listPage<IncidentRow>({
    ...{ page, path: '/incidents', noun: 'incident' },
    none: html`A failure becomes one: <code>./anneal incident open LOG --repository NAME</code>`,
    columns: [
      { title: 'incident', cell: ({ name }) => html`<a href="/incidents/${name}">${name}</a>` },
      { title: 'stands at', cell: standing },
      { title: 'cause', cell: causeOf },
      { title: 'from', cell: from },
      { title: 'means', cell: ({ means }) => (means === undefined ? '–' : short(means, 80)) },
      { title: 'commit', cell: commit, kind: 'nowrap' },
      { title: 'open gate', cell: ({ name }) => gateLink(open, name) },
      { title: 'age', cell: ({ run }) => age(run?.startedAt, now), kind: 'nowrap' },
    ],
  });
}

export function gateLink(open: readonly ListedGate[], name: string): Part {
  const gate = openGateOf(open, name)?.gate;
  return gate === undefined ? '–' : html`<a class="warn" href="/gates/${gate}">${gate.slice(name.length + 1)}</a>`;
}

function standing({ end, view, run }: IncidentRow): Part {
  if (end !== undefined && view === undefined)
    return end.value === undefined ? html`<span class="bad">${end.why.code}</span>` : endWords(end.value);
  if (view === undefined) return run === undefined || run.closedAt !== undefined ? 'broken off' : 'at work';
  return view.end === undefined ? html`${view.step}` : endWords(view.end);
}

const causeOf = ({ end, view }: IncidentRow): Part =>
  view?.cause ?? (end?.value !== undefined && 'cause' in end.value ? end.value.cause : '–');

function from({ input }: IncidentRow): Part {
  if (input === undefined) return '–';
  const { campaign, owner, logs } = input;
  if (campaign !== null) return html`<a href="/campaigns/${campaign}">${campaign}</a>`;
  return html`${logs.length === 1 ? 'a log' : `${logs.length} logs`} of ${short(owner, 60)}`;
}

const commit = ({ end }: IncidentRow): Part =>
  end?.value?.how === 'merged' ? html`<code>${end.value.commit.slice(0, 12)}</code>` : '–';

export function endWords(end: IncidentEnd): Html {
  switch (end.how) {
    case 'nothing-wrong':
      return html`the logs show no fault`;
    case 'parked':
      return html`<span class="warn">left to people</span>`;
    case 'denied':
      return html`not merged: a human said no, or nobody answered`;
    case 'not-merged':
      return html`not merged: ${end.merged.how.replace('-', ' ')}`;
    case 'failed':
      return html`<span class="bad">broken off</span>`;
    case 'merged':
      return html`<span class="good">merged</span>`;
  }
}
