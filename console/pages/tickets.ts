// Tickets: all of them, a row each; what waits for its turn comes first.
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import type { ListedGate } from '../live/board.ts';
import type { Page } from '../read/cases.ts';
import type { TicketRow } from '../read/tickets.ts';
import { short, tainted } from '../show/said.ts';
import { gateLink } from './incidents.ts';
import { age, listPage } from './list.ts';

export function ticketsPage(page: Page<TicketRow>, open: readonly ListedGate[], now: Date): Html {
  return listPage<TicketRow>({
    ...{ page, path: '/tickets', noun: 'ticket' },
    none: html`Bring some: <code>./anneal ticket take FOLDER --repository NAME</code>`,
    columns: [
      { title: 'ticket', cell: ({ name }) => html`<a href="/tickets/${name}">${name}</a>` },
      { title: 'stands at', cell: standing },
      { title: 'title, as it was written', cell: title },
      { title: 'priority', cell: ({ document }) => document?.value?.priority ?? '–' },
      { title: 'repository', cell: ({ document }) => document?.value?.repository ?? '–' },
      { title: 'sessions', cell: ({ sessions }) => sessions, kind: 'number' },
      { title: 'commit', cell: commit, kind: 'nowrap' },
      { title: 'open gate', cell: ({ name }) => gateLink(open, name) },
      { title: 'age', cell: (row) => age(since(row), now), kind: 'nowrap' },
    ],
  });
}

export const NOT_VOUCHED = 'Nobody has signed for its words: they are anybody’s';

function title({ document }: TicketRow): Part {
  if (document === undefined) return '–';
  if (document.value === undefined) return html`<span class="bad">${document.why.code}</span>`;
  const { title: words, vouched } = document.value;
  return html`${short(words, 90)}${vouched === null && html` ${tainted(NOT_VOUCHED)}`}`;
}

function standing({ end, view, run }: TicketRow): Part {
  if (end !== undefined)
    return end.value === undefined ? html`<span class="bad">${end.why.code}</span>` : ending(end.value.how);
  if (view !== undefined) return view.step;
  return run === undefined ? 'waits for its turn' : run.closedAt === undefined ? 'at work' : 'to be begun again';
}

export const ending = (how: 'merged' | 'parked' | 'refused'): Html =>
  html`<span class="${{ merged: 'good', parked: 'warn', refused: 'bad' }[how]}">${how}</span>`;

const commit = ({ end }: TicketRow): Part =>
  end?.value?.how === 'merged' ? html`<code>${end.value.commit.slice(0, 12)}</code>` : '–';

const since = ({ document, run }: TicketRow): Date | undefined =>
  document?.value === undefined ? run?.startedAt : new Date(document.value.at);
