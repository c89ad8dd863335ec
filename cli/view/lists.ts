// Listings: one line a campaign, one line a gate.
import type { Evidence } from '../../contracts/gate.ts';
import { instant } from '../../infra/markup/figures.ts';
import { answerCommand, type ViewOptions } from './gate.ts';
import { paint } from './paint.ts';
import { type Column, table } from './table.ts';
import { clip, columns, plain } from './text.ts';

const PIPED: ViewOptions = { width: 80, colour: false };

export interface ListedCampaign {
  readonly name: string;
  /** Of its workflow: running, completed, failed, cancelled, terminated. */
  readonly status: string;
  /** How it came to its own end. */
  readonly ending?: string;
  readonly stage: string;
  readonly round: number | undefined;
  readonly owner: string;
  readonly startedAt: string;
}

const CAMPAIGN_COLUMNS: readonly Column[] = [
  { title: 'campaign' },
  { title: 'state' },
  { title: 'round', align: 'right', drop: 1 },
  { title: 'owner', drop: 3 },
  { title: 'started', drop: 2 },
];

/** Newest first. */
export function renderList(campaigns: readonly ListedCampaign[], { width, colour }: ViewOptions = PIPED): string[] {
  const ink = paint(colour);
  if (campaigns.length === 0) return ['No campaigns. Start one with ./anneal quickstart or ./anneal submit FILE.'];
  const rows = [...campaigns]
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt))
    .map((one) => [
      ink.bold(plain(one.name)),
      state(one, ink),
      one.round === undefined ? '–' : String(one.round),
      plain(one.owner) || '–',
      instant(one.startedAt),
    ]);
  return table(CAMPAIGN_COLUMNS, rows, { width, header: ink.dim });
}

function state({ status, ending, stage }: ListedCampaign, ink: ReturnType<typeof paint>): string {
  if (status !== 'running') {
    if (status !== 'completed') return ink.red(plain(status));
    const words = plain(ending ?? status).replace('-', ' ');
    return ending === 'released' ? ink.green(words) : words;
  }
  return stage.endsWith('-gate') ? ink.yellow('waits for you') : ink.green(plain(stage) || 'running');
}

const GATE_COLUMNS: readonly Column[] = [
  { title: 'gate' },
  { title: 'recommended', drop: 2 },
  { title: 'safe', drop: 3 },
  { title: 'asks', drop: 1 },
];

/** Open gates with what is recommended, and the command that answers the first. */
export function renderGates(
  open: readonly Pick<Evidence, 'gate' | 'title' | 'recommended' | 'safe'>[],
  { width, colour }: ViewOptions = PIPED,
): string[] {
  const ink = paint(colour);
  const first = open[0];
  if (first === undefined) return ['No open gates.'];
  const rows = open.map((one) => [
    ink.bold(plain(one.gate)),
    ink.green(plain(one.recommended)),
    plain(one.safe),
    plain(one.title),
  ]);
  // The question may be shown cut, as long as enough of it is left to be read.
  const taken = [0, 1, 2].map((index) =>
    Math.max(columns(GATE_COLUMNS[index]?.title ?? ''), ...rows.map((row) => columns(row[index] ?? ''))),
  );
  const room = width - taken.reduce((sum, one) => sum + one + 2, 0);
  const cut = room < 16 ? rows : rows.map((row) => [...row.slice(0, 3), clip(row[3] ?? '', room)]);
  return [
    ...table(GATE_COLUMNS, cut, { width, header: ink.dim }),
    '',
    `Look at one: ${ink.cyan(`./anneal gates ${plain(first.gate)}`)}`,
    ...answerCommand(first.gate, first.recommended, width, ink),
  ];
}
