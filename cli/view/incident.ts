// Incidents as a terminal shows them.
import type { ForgeTold } from '../../contracts/forge.ts';
import type { Attempt, IncidentEnd, IncidentView, RevertEnd } from '../../contracts/incident.ts';
import type { IncidentState } from '../../infra/temporal/incidents.ts';
import { paint } from './paint.ts';
import { table } from './table.ts';
import { plain, wrap } from './text.ts';

interface Screen {
  readonly width: number;
  readonly colour: boolean;
}

const COLUMNS = [
  { title: 'incident' },
  { title: 'stands at' },
  { title: 'cause' },
  { title: 'waits for', drop: 1 },
] as const;

export function renderIncidents(all: readonly IncidentState[], { width, colour }: Screen): string[] {
  if (all.length === 0) return ['No incident was opened yet: ./anneal incident open LOG --repository NAME'];
  const rows = all.map(({ incident, view, end }) => [
    incident,
    end === undefined ? (view?.step ?? '') : endWords(end),
    view?.cause ?? (end !== undefined && 'cause' in end ? end.cause : ''),
    view?.waitingFor ?? '',
  ]);
  return table(COLUMNS, rows, { width, header: paint(colour).bold });
}

export function stepWords({ step, cause, waitingFor }: IncidentView): string {
  return [
    step,
    ...(cause === undefined ? [] : [cause]),
    ...(waitingFor === undefined ? [] : [`waits for ${waitingFor}`]),
  ].join(' · ');
}

export function renderIncident(
  { incident, view, end, forge, reverted }: IncidentState,
  { width, colour }: Screen,
): string[] {
  const ink = paint(colour);
  const tried = end !== undefined && 'tried' in end ? end.tried : (view?.tried ?? []);
  const summary = view?.summary ?? (end !== undefined && 'summary' in end ? end.summary : undefined);
  const head =
    end === undefined
      ? `${ink.bold(incident)} · ${view === undefined ? 'unknown' : stepWords(view)}`
      : `${end.how === 'merged' || end.how === 'nothing-wrong' ? ink.green('✓') : ink.red('✗')} ${ink.bold(incident)} · ${endWords(end)}`;
  return [
    head,
    ...(summary === undefined ? [] : indented(summary, width)),
    ...(end === undefined ? [] : closing(end).flatMap((line) => indented(line, width))),
    ...(reverted === undefined ? [] : indented(revertWords(reverted), width)),
    ...(forge === undefined ? [] : indented(forgeWords(forge), width)),
    ...(tried.length === 0
      ? []
      : ['  Tried before:', ...tried.flatMap((one) => indented(`  ${attemptWords(one)}`, width))]),
  ];
}

const indented = (text: string, width: number): string[] => wrap(plain(text), width - 2).map((line) => `  ${line}`);

const attemptWords = ({ by, with: which, why }: Attempt): string =>
  `${by}${which === undefined ? '' : ` (${which})`}: ${why}`;

/** What people said there is shown; it decides nothing. */
const forgeWords = (forge: ForgeTold): string =>
  forge.how === 'not-told'
    ? `Not shown at the forge: ${forge.why}`
    : `At the forge: ${forge.url}${forge.reviews.length === 0 ? '' : ` · reviews there: ${forge.reviews.join(', ')}`}`;

function revertWords(end: RevertEnd): string {
  switch (end.how) {
    case 'kept':
      return `It stays: ${end.why}`;
    case 'reverted':
      return `Taken back as ${end.commit.slice(0, 12)}, tag ${end.tag}: ${end.why}`;
    case 'left':
      return `To be taken back, because ${end.why}; it was not: ${end.because}`;
    case 'failed':
      return `Whether it is taken back could not be settled: ${end.code}: ${end.why}`;
  }
}

function endWords(end: IncidentEnd): string {
  switch (end.how) {
    case 'nothing-wrong':
      return 'the logs show no fault';
    case 'parked':
      return 'left to people';
    case 'denied':
      return 'not merged: a human said no, or nobody answered';
    case 'not-merged':
      return `not merged: ${end.merged.how.replace('-', ' ')}`;
    case 'failed':
      return 'broken off';
    case 'merged':
      return 'merged';
  }
}

function closing(end: IncidentEnd): string[] {
  switch (end.how) {
    case 'nothing-wrong':
      return [];
    case 'parked':
      return [end.why];
    case 'denied':
      return [`The change ${end.change.slice(0, 12)} stays on record; what was asked: ./anneal gates ${end.gate}`];
    case 'not-merged':
      return [mergedWords(end.merged)];
    case 'failed':
      return [`${end.code}: ${end.why}`];
    case 'merged':
      return [`Commit ${end.commit.slice(0, 12)}, tag ${end.tag}`];
  }
}

function mergedWords(merged: Extract<IncidentEnd, { how: 'not-merged' }>['merged']): string {
  if (merged.how === 'conflict') return `The branch has changed the same lines meanwhile: ${merged.paths.join(', ')}`;
  if (merged.how === 'refused') return merged.why;
  return merged.how === 'nothing-left' ? 'All of it was on the branch before.' : '';
}
