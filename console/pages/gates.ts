// All gates, the most urgent first, and below what was decided lately.
import { grouped, instant } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import type { GateOutcome } from '../../infra/temporal/gates.ts';
import type { ClosedGate, ListedGate, Snapshot } from '../live/board.ts';
import { distance } from './layout.ts';

/** On one page. */
export const ROWS = 50;
/** Nearer than this stands out. */
const SOON_MS = 3_600_000;

export interface GatesPage {
  readonly snapshot: Snapshot;
  /** From 1. */
  readonly page: number;
  readonly now: Date;
  /** Who is asked first, where that is known. */
  readonly onCall: { readonly now: string; readonly next: string } | undefined;
}

export function gatesPage({ snapshot, page, now, onCall }: GatesPage): Html {
  const { open, closed, unread } = snapshot;
  const pages = Math.max(1, Math.ceil(open.length / ROWS));
  const at = Math.min(Math.max(1, page), pages);
  const shown = open.slice((at - 1) * ROWS, at * ROWS);
  return html`<div data-part="open"><div class="headline"><h1>${
    open.length === 0
      ? 'Nothing waits for an answer'
      : `${grouped(open.length)} ${open.length === 1 ? 'gate waits' : 'gates wait'} for an answer`
  }</h1>${onCall && html`<p class="soft">On call: <strong>${onCall.now}</strong>, then ${onCall.next}</p>`}</div>
${unread > 0 && html`<p class="trouble" role="note">${grouped(unread)} more are open, and are still being read. Where that lasts, <code>./anneal gates</code> tells why.</p>`}
${shown.length > 0 && html`<ol class="gates" aria-label="Open gates, the next deadline first">${shown.map((one) => openRow(one, now))}</ol>`}
${pages > 1 && pager(at, pages)}</div>
<section data-part="closed" aria-labelledby="h-closed"><h2 id="h-closed">Decided lately</h2>${
    closed.length === 0
      ? html`<p class="soft">Nothing yet.</p>`
      : html`<ol class="gates closed">${closed.map(closedRow)}</ol>`
  }</section>`;
}

export const kindOf = (gate: string): string => gate.slice(gate.indexOf('.') + 1).replace(/-\d+$/, '');

function openRow({ gate, opening }: ListedGate, now: Date): Html {
  const { deadline, title, recommended, safe, context } = opening;
  const soon = deadline.getTime() - now.getTime() < SOON_MS;
  return html`<li data-row><p class="when${soon && ' soon'}">${distance(deadline, now)}</p><div><a href="/gates/${gate}">${title}</a><p class="soft"><span class="kind">${kindOf(gate)}</span> <span>${context.campaign}</span> <span>recommended <strong>${recommended}</strong></span> <span>on silence <strong>${safe}</strong></span></p></div></li>`;
}

function closedRow({ gate, opening, outcome, closedAt }: ClosedGate): Html {
  return html`<li data-row><p class="when">${closedAt && html`<time datetime="${closedAt.toISOString()}">${instant(closedAt.toISOString()).slice(5)}</time>`}</p><div><a href="/gates/${gate}">${opening.title}</a><p class="soft"><span>${outcome === undefined ? 'closed' : inShort(outcome)}</span></p></div></li>`;
}

function inShort(outcome: GateOutcome): Html {
  switch (outcome.how) {
    case 'decided':
      return html`<strong>${outcome.option}</strong> by ${outcome.approver}: “${outcome.reason.slice(0, 160)}”`;
    case 'expired':
      return html`<strong>${outcome.option}</strong>: nobody answered in time`;
    case 'automatic':
      return html`<strong>${outcome.option}</strong>: not asked`;
    case 'withdrawn':
      return html`withdrawn before anybody had answered`;
  }
}

function pager(at: number, pages: number): Html {
  const link = (page: number, text: string, rel: string): Html =>
    page < 1 || page > pages
      ? html`<span class="soft">${text}</span>`
      : html`<a href="/?page=${page}" rel="${rel}">${text}</a>`;
  return html`<nav class="pager" aria-label="Pages">${link(at - 1, 'Sooner', 'prev')}<span>page ${at} of ${pages}</span>${link(at + 1, 'Later', 'next')}</nav>`;
}
