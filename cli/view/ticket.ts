// Tickets as a terminal shows them.
import type { TicketEnd } from '../../contracts/ticket.ts';
import type { TicketState } from '../../infra/temporal/tickets.ts';
import { paint } from './paint.ts';
import { table } from './table.ts';
import { plain, wrap } from './text.ts';

interface Screen {
  readonly width: number;
  readonly colour: boolean;
}

const COLUMNS = [
  { title: 'ticket' },
  { title: 'stands at' },
  { title: 'priority', drop: 2 },
  { title: 'repository', drop: 1 },
  { title: 'title', drop: 3 },
] as const;
const MOST_TITLE = 60;

export function renderTickets(all: readonly TicketState[], { width, colour }: Screen): string[] {
  if (all.length === 0) return ['No ticket was taken yet: ./anneal ticket take FOLDER --repository NAME'];
  const rows = all.map((one) => [
    one.ticket,
    ticketWords(one),
    one.document.priority,
    one.document.repository,
    plain(one.document.title).slice(0, MOST_TITLE),
  ]);
  return table(COLUMNS, rows, { width, header: paint(colour).bold });
}

export const ticketWords = ({ view, end }: Pick<TicketState, 'view' | 'end'>): string =>
  end?.how ?? (view === undefined ? 'waiting' : view.waitingFor === undefined ? view.step : `${view.step}: a human`);

export function renderTicket(state: TicketState, { width, colour }: Screen): string[] {
  const { ticket, document, view, end, revisions, former, issues } = state;
  const ink = paint(colour);
  const sign = end === undefined ? '' : end.how === 'merged' ? `${ink.green('✓')} ` : `${ink.red('✗')} `;
  const tried = end?.tried ?? view?.tried ?? [];
  const { title, repository, priority, labels, author, vouched, owner, reopened } = document;
  const from = `${repository} · ${priority}${labels.length === 0 ? '' : ` · ${labels.join(', ')}`} · brought by ${owner}`;
  const signer = reopened === undefined ? owner : 'somebody';
  const whose = vouched !== null ? `${signer} answers for its words` : 'nobody answers for its words: a human decides';
  const lines = [
    title,
    `${from}${author === null ? '' : `, said to be by ${author}`}; ${whose}`,
    ...former.map((one, at) => `Before it was opened again (${at + 1}): ${one.how}: ${closing(one)}`),
    ...(reopened === undefined ? [] : [`Opened again by ${owner}: ${reopened.because}`]),
    ...(view?.waitingFor === undefined ? [] : [`Waits for ${view.waitingFor}`]),
    ...(end === undefined ? [] : [closing(end)]),
    ...issues.map((one) => `Issue ${one.issue} of ${one.project}: ${one.how === 'told' ? 'told' : one.why}`),
    ...revisions.map(({ at, title: now }) => `Edited at its source, read ${at}, and not run again: ${now}`),
    ...tried.map(({ by, with: model, why }) => `Tried: ${by}${model === undefined ? '' : ` (${model})`}: ${why}`),
  ];
  const shown = lines.flatMap((line) => wrap(plain(line), width - 2).map((one) => `  ${one}`));
  return [`${sign}${ink.bold(ticket)} · ${ticketWords(state)}`, ...shown];
}

const closing = (end: TicketEnd): string =>
  end.how === 'merged' ? `Commit ${end.commit.slice(0, 12)}, tag ${end.tag}` : end.why;
