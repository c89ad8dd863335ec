// Questions to documents: all of them, a row each.
import type { ResearchEnd } from '../../contracts/research.ts';
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import type { ListedGate } from '../live/board.ts';
import type { Page } from '../read/cases.ts';
import type { ResearchRow } from '../read/researches.ts';
import { short } from '../show/said.ts';
import { gateLink } from './incidents.ts';
import { age, listPage } from './list.ts';

export function researchesPage(page: Page<ResearchRow>, open: readonly ListedGate[], now: Date): Html {
  return listPage<ResearchRow>({
    ...{
      page,
      path: '/research',
      noun: 'question',
      none: html`Ask one: <code>./anneal research ask FOLDER "QUESTION"</code>`,
    },
    columns: [
      { title: 'research', cell: ({ name }) => html`<a href="/research/${name}">${name}</a>` },
      { title: 'stands at', cell: standing },
      { title: 'question', cell: ({ question }) => (question === undefined ? '–' : short(question, 120)) },
      { title: 'asked by', cell: ({ owner }) => (owner === undefined ? '–' : short(owner, 60)) },
      { title: 'open gate', cell: ({ name }) => gateLink(open, name) },
      { title: 'age', cell: ({ run }) => age(run?.startedAt, now), kind: 'nowrap' },
    ],
  });
}

function standing({ end, view, run }: ResearchRow): Part {
  if (end !== undefined && view === undefined)
    return end.value === undefined ? html`<span class="bad">${end.why.code}</span>` : endWords(end.value);
  if (view !== undefined) return view.step;
  return run === undefined || run.closedAt !== undefined ? 'broken off' : 'at work';
}

export function endWords(end: ResearchEnd): Html {
  if (end.how === 'failed') return html`<span class="bad">broken off</span>`;
  return html`${{ said: html`<span class="good">answered</span>`, 'not-said': 'the documents do not say', extracts: 'passages quoted' }[end.answer]}`;
}
