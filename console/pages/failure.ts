// What went wrong, as a page: its code, what happened, what to do.
import { type AnnealError, ERRORS, type ErrorCode } from '../../contracts/errors.ts';
import { type Html, html } from '../../infra/markup/html.ts';

const STATUS = { done: 500, failed: 409, badInput: 400, denied: 403, notFound: 404, unavailable: 503 } as const;
export type FailureStatus = 400 | 403 | 404 | 409 | 429 | 500 | 503;

export function statusOf(code: ErrorCode): FailureStatus {
  if (code === 'internal.bug') return 500;
  return code === 'sign_in.too_many' ? 429 : STATUS[ERRORS[code].exit];
}

export function failurePage({ code, message }: AnnealError): Html {
  const { title, action, retryable } = ERRORS[code];
  // What broke inside may hold paths and addresses: it stands in the console's own log.
  const told = code === 'internal.bug' ? 'The console’s own log has the details.' : message;
  return html`<section class="failure"><p><code>${code}</code></p><h1>${title}</h1><p>${told}</p><p><strong>What to do</strong> ${action}</p>${
    retryable && html`<p class="soft">The same may succeed later with nothing changed.</p>`
  }<p><a href="/errors/${code}">More about ${code}</a> · <a href="/">All gates</a></p></section>`;
}

/** A page of docs/errors: headings, paragraphs, blocks of code, and code within lines. */
export function errorDocPage(text: string): Html {
  const blocks: Html[] = [];
  for (const [index, part] of text.split(/^```[a-z]*\n?/m).entries()) {
    if (index % 2 === 1) blocks.push(html`<pre tabindex="0">${part.trimEnd()}</pre>`);
    else for (const block of part.split(/\n{2,}/)) if (block.trim() !== '') blocks.push(blockOf(block.trim()));
  }
  return html`<section class="failure">${blocks}<p><a href="/">All gates</a></p></section>`;
}

function blockOf(block: string): Html {
  const heading = /^(#{1,3}) (.*)$/.exec(block);
  if (heading !== null)
    return heading[1] === '#' ? html`<h1>${inline(heading[2] ?? '')}</h1>` : html`<h2>${inline(heading[2] ?? '')}</h2>`;
  if (/^(?:[-*]|\d+\.) /.test(block)) {
    const items = block.split(/\n(?=(?:[-*]|\d+\.) )/).map((item) => item.replace(/^(?:[-*]|\d+\.) /, ''));
    return html`<ul>${items.map((item) => html`<li>${inline(item)}</li>`)}</ul>`;
  }
  return html`<p>${inline(block)}</p>`;
}

const inline = (text: string): Html[] =>
  text
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .split('`')
    .map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part.replaceAll('**', '')}`));
