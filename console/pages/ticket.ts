// One ticket: what somebody wrote, its place in the queue, sessions and budgets, what was tried, how it ended.
import type { TicketDocument, TicketEnd, TicketSession } from '../../contracts/ticket.ts';
import { count, grouped, instant, span } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import type { ListedGate } from '../live/board.ts';
import { openGateOf } from '../read/cases.ts';
import type { LookedAtTicket, QueuePlace } from '../read/tickets.ts';
import { few, readable, said, short, tainted } from '../show/said.ts';
import { changesPart } from './change.ts';
import { forgePart, gateLinks, mergedAs, waits } from './incident.ts';
import { ending, NOT_VOUCHED } from './tickets.ts';

export function ticketPage(looked: LookedAtTicket, open: readonly ListedGate[], now: Date): Html {
  const { name, document, end, view, changes, revisions, unanswered } = looked;
  const gate = openGateOf(open, name);
  const tried = end?.value?.tried ?? view?.tried ?? [];
  const why = (change: string | undefined): string | undefined =>
    change === undefined ? undefined : tried.find((one) => one.change === change)?.why;
  return html`<article class="case"><header data-part="head"><p class="soft"><a href="/tickets">Ticket</a> ${document.value !== undefined && origin(document.value)}</p><h1>${name}</h1>${standing(looked)}${waits(gate, now)}${
    unanswered &&
    html`<p class="trouble"><code>${unanswered.code}</code> Temporal does not answer: shown is what the store has.</p>`
  }</header>
<section aria-labelledby="h-words"><h2 id="h-words">What is wanted</h2>${readable(document, words)}${
    revisions.length > 0 &&
    html`<p class="note">Edited at its source since, and not run again: ${revisions.map(({ at, title }) => html`“${short(title, 120)}” (read ${instant(at)}) `)}</p>`
  }</section>
<div class="pair"><section data-part="queue" aria-labelledby="h-queue"><h2 id="h-queue">Queue</h2>${queuePart(looked)}</section>
<section data-part="budgets" aria-labelledby="h-budgets"><h2 id="h-budgets">Budgets</h2>${budgets(looked)}</section></div>
<section data-part="sessions" aria-labelledby="h-sessions"><h2 id="h-sessions">Sessions of the agent</h2>${
    looked.sessions.length === 0
      ? html`<p class="soft">None is over yet.</p>`
      : looked.sessions.map(
          ({ number, session }) =>
            html`<div class="try"><h3>Session ${number}</h3>${readable(session, sessionPart)}</div>`,
        )
  }</section>
<section data-part="tries" aria-labelledby="h-tries"><h2 id="h-tries">What it proposed</h2>${changesPart(changes, why)}</section>
<section data-part="decided" aria-labelledby="h-decided"><h2 id="h-decided">Decision and end</h2>${gateLinks(looked.gates, gate?.gate)}${end && readable(end, closing)}${view?.forge && forgePart(view.forge)}${
    end === undefined &&
    looked.gates.length === 0 &&
    gate === undefined &&
    html`<p class="soft">Nobody was asked yet, and it has not ended.</p>`
  }</section></article>`;
}

function origin({ repository, priority, owner, at }: TicketDocument): Html {
  return html`<span>repository ${repository}</span> <span>${priority}</span> <span>brought by ${short(owner, 60)}</span> <span>on ${instant(at)}</span>`;
}

function words({ title, text, author, labels, owner, vouched, origin: from, reopened }: TicketDocument): Html {
  const whose =
    vouched === null
      ? html`${tainted(NOT_VOUCHED)} Nobody answers for these words: the agent is shown them as data, and a human decides on what comes of them.`
      : html`${reopened === undefined ? short(owner, 60) : 'Somebody'} has signed for these words.`;
  const source =
    from.kind === 'file'
      ? `the file ${from.path}`
      : from.kind === 'forge'
        ? `issue ${from.issue} of ${from.project}`
        : 'the command line';
  const by = `${author === null ? '' : `said to be by ${author}, `}from ${source}`;
  const again =
    reopened && html`<p class="note">Opened again by ${short(owner, 60)}: ${short(reopened.because, 300)}</p>`;
  return html`<p>${whose}</p>${again}${said(text === '' ? title : `${title}\n\n${text}`, `As it was written, ${by}`)}${
    labels.length > 0 &&
    html`<p class="note">Labels: ${few(labels, 20, (one, at) => html`${at > 0 && ', '}${short(one, 60)}`)}</p>`
  }`;
}

function standing({ end, view, queue }: LookedAtTicket): Html {
  if (end !== undefined)
    return html`<p class="where"><strong>${end.value === undefined ? end.why.code : ending(end.value.how)}</strong></p>`;
  if (view !== undefined) return html`<p class="where"><strong>${view.step}</strong></p>`;
  return html`<p class="where"><strong>${queue === undefined ? 'Nobody says where it stands' : 'waits for its turn'}</strong></p>`;
}

function queuePart({ end, queue }: LookedAtTicket): Html {
  if (end !== undefined) return html`<p>It has ended, and waits for nobody.</p>`;
  if (queue === undefined) return html`<p class="soft">Its queue does not answer.</p>`;
  return html`<p>${placeOf(queue)}</p><p class="note">${grouped(queue.running)} at work, ${grouped(queue.waiting)} waiting, ${grouped(queue.agents)} at a time.</p>`;
}

const placeOf = ({ place, waiting }: QueuePlace): string =>
  place === 0
    ? 'An agent works on it.'
    : `${place} of ${waiting} in the order of coming; the most pressing is taken first.`;

function budgets({ work, sessions }: LookedAtTicket): Html {
  const spent = sessions.flatMap(({ session }) => session.value?.spent ?? []);
  const sum = (what: 'turns' | 'tokens' | 'seconds'): number => spent.reduce((all, one) => all + one[what], 0);
  const of = (most: string | undefined): Html | false =>
    most !== undefined && html` <span class="soft">of ${most}</span>`;
  return html`<dl class="facts"><div><dt>sessions</dt><dd>${sessions.length}${of(work && `${work.attempts} before an approval, ${work.afterApproval.times} after one`)}</dd></div>
<div><dt>requests</dt><dd>${grouped(sum('turns'))}${of(work && grouped(work.budget.turns))}</dd></div><div><dt>tokens</dt><dd>${count(sum('tokens'))}${of(work && count(work.budget.tokens))}</dd></div><div><dt>time</dt><dd>${span(sum('seconds'))}${of(work && span(work.budget.seconds))}</dd></div></dl>${
    work &&
    html`<p class="note">After an approval, where the branch has moved: ${grouped(work.afterApproval.budget.turns)} requests, ${count(work.afterApproval.budget.tokens)} tokens, ${span(work.afterApproval.budget.seconds)} besides.</p>`
  }`;
}

function sessionPart({ end, said: words, model: by, edits, spent }: TicketSession): Html {
  const paths = Object.keys(edits);
  return html`<p><strong>${end}</strong> <span class="soft">${short(by, 80)} · ${grouped(spent.turns)} requests, ${count(spent.tokens)} tokens, ${span(spent.seconds)}</span></p>${
    paths.length > 0 &&
    html`<p class="note">Edited: ${few(paths, 10, (path, at) => html`${at > 0 && ', '}<code>${short(path, 120)}</code>`)}</p>`
  }${words !== '' && said(words, `Words of the model ${by}`, { lines: 20, characters: 2_000 })}`;
}

function closing(end: TicketEnd): Html {
  if (end.how === 'merged') return mergedAs(end);
  const whose = end.how === 'parked' ? 'Left to people' : 'Not to be done';
  return html`<p>${whose}: ${short(end.why, 600)}</p>`;
}
