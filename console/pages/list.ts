// A list of cases, page by page.
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import type { Page } from '../read/cases.ts';
import { left } from './layout.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Part;
  readonly kind?: 'nowrap' | 'number';
}

export interface List<Row> {
  readonly page: Page<Row>;
  /** `/incidents` */
  readonly path: string;
  /** `incident`; of many with an s unless given */
  readonly noun: string;
  readonly nouns?: string;
  /** How there would be some. */
  readonly none: Html;
  readonly columns: readonly Column<Row>[];
}

export function listPage<Row>({ page, path, noun, nouns = `${noun}s`, none, columns }: List<Row>): Html {
  const { rows, all, cut } = page;
  const title = all === 0 ? `No ${nouns}` : `${all}${cut ? ' and more' : ''} ${all === 1 ? noun : nouns}`;
  const head = columns.map(
    ({ title: name, kind }) => html`<th scope="col"${kind === 'number' && html` class="number"`}>${name}</th>`,
  );
  const cells = (row: Row): Html[] =>
    columns.map(({ cell, kind }, at) =>
      at === 0
        ? html`<th scope="row">${cell(row)}</th>`
        : html`<td${kind !== undefined && html` class="${kind}"`}>${cell(row)}</td>`,
    );
  return html`<div data-part="list"><div class="headline"><h1>${title}</h1></div>${
    all === 0
      ? html`<p>${none}</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="cases"><thead><tr>${head}</tr></thead><tbody>${rows.map((row) => html`<tr data-row>${cells(row)}</tr>`)}</tbody></table></div>`
  }${cut && html`<p class="note">Only the newest that Temporal lists are here; older ones are found by name.</p>`}${page.pages > 1 && pager(path, page)}</div>`;
}

function pager(path: string, { page: at, pages }: Pick<Page<unknown>, 'page' | 'pages'>): Html {
  const link = (page: number, text: string, rel: string): Html =>
    page < 1 || page > pages
      ? html`<span class="soft">${text}</span>`
      : html`<a href="${path}?page=${page}" rel="${rel}">${text}</a>`;
  return html`<nav class="pager" aria-label="Pages">${link(at - 1, 'Newer', 'prev')}<span>page ${at} of ${pages}</span>${link(at + 1, 'Older', 'next')}</nav>`;
}

/** How long ago, on the page of now. */
export const age = (since: Date | undefined, now: Date): Part =>
  since === undefined
    ? '–'
    : html`<time datetime="${since.toISOString()}">${left((now.getTime() - since.getTime()) / 1_000)}</time>`;
