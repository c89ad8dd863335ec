// Questions to documents as a terminal shows them: each claim with where it stands and the words that stand there.
import type { ExperimentSpec } from '../../contracts/experiment.ts';
import {
  type Citation,
  CLAIM_DROPS,
  type ResearchEnd,
  type ResearchReport,
  type ResearchView,
} from '../../contracts/research.ts';
import type { ResearchState } from '../../infra/temporal/research.ts';
import { paint } from './paint.ts';
import { table } from './table.ts';
import { plain, wrap } from './text.ts';

interface Screen {
  readonly width: number;
  readonly colour: boolean;
}

const COLUMNS = [
  { title: 'research' },
  { title: 'stands at' },
  { title: 'question' },
  { title: 'waits for', drop: 1 },
] as const;

export function renderResearches(all: readonly ResearchState[], { width, colour }: Screen): string[] {
  if (all.length === 0) return ['Nothing was asked yet: ./anneal research ask FOLDER "QUESTION"'];
  const rows = all.map(({ research, view, end, report }) => [
    research,
    end === undefined ? (view === undefined ? '' : view.step) : endWords(end),
    plain(view?.question ?? report?.question ?? '').slice(0, 60),
    view?.waitingFor ?? '',
  ]);
  return table(COLUMNS, rows, { width, header: paint(colour).bold });
}

export function stepWords({ step, readers, claims, dropped, spent, waitingFor }: ResearchView): string {
  return [
    step,
    ...(readers.of > 0
      ? [`${readers.done} of ${readers.of} readers`, `${claims} claims stand, ${dropped} dropped`]
      : []),
    ...(spent.turns > 0 ? [`${spent.turns} requests, ${spent.tokens} tokens`] : []),
    ...(waitingFor === undefined ? [] : [`waits for ${waitingFor}`]),
  ].join(' · ');
}

function endWords(end: ResearchEnd): string {
  if (end.how === 'failed') return 'broken off';
  return { said: 'answered', 'not-said': 'the documents do not say', extracts: 'passages quoted' }[end.answer];
}

export function renderResearch({ research, view, end, report, experiment }: ResearchState, screen: Screen): string[] {
  const ink = paint(screen.colour);
  const sign = end === undefined ? '' : end.how === 'failed' ? `${ink.red('✗')} ` : `${ink.green('✓')} `;
  const where = end === undefined ? (view === undefined ? 'unknown' : stepWords(view)) : endWords(end);
  return [
    `${sign}${ink.bold(research)} · ${where}`,
    ...(end?.how === 'failed' ? indented(`${end.code}: ${end.why}`, screen) : []),
    ...(report === undefined ? [] : reportLines(report, screen)),
    ...(end?.how === 'answered' && end.experiment !== null
      ? ['', ...experimentLines(end.experiment, experiment, screen)]
      : []),
    ...(view?.waitingFor === undefined || end !== undefined
      ? []
      : ['', `Waits for ${view.waitingFor}: ./anneal gates`]),
  ];
}

function reportLines(report: ResearchReport, screen: Screen): string[] {
  const ink = paint(screen.colour);
  const { question, answer, sections, passages, dropped, offered, read, by, judge, spent, notes } = report;
  const numbered = new Map(sections.flatMap((one) => one.claims).map(({ id }, index) => [id, index + 1]));
  const said = sections.flatMap(({ about, claims }) => [
    '',
    ...(sections.length > 1 ? [ink.bold(plain(about))] : []),
    ...claims.flatMap(({ id, text, citations }) => [
      ...hanging(`${numbered.get(id)}. `, plain(text), screen),
      ...citations.flatMap((one) => citationLines(one, screen)),
    ]),
  ]);
  const whys = Object.entries(dropped).map(
    ([why, count]) => `${count} ${CLAIM_DROPS[why as keyof typeof CLAIM_DROPS]}`,
  );
  return [
    ...indented(question, screen),
    ...(answer === 'extracts'
      ? indented('No model is configured: nothing is claimed, these are the passages that fit best.', screen)
      : []),
    ...(answer === 'not-said' ? indented('The documents do not say: no claim is borne out by them.', screen) : []),
    ...said,
    ...(answer === 'said' || passages.length === 0
      ? []
      : [
          '',
          ...(answer === 'not-said' ? ['  Nearest to it:'] : []),
          ...passages.flatMap((one) => citationLines(one, screen)),
        ]),
    '',
    ...indented(
      `${read.documents} documents in ${read.passages} passages; ${read.refused.length} were not read`,
      screen,
    ),
    ...read.refused.slice(0, 5).flatMap(({ path, why }) => indented(`  ${path} ${why}`, screen)),
    ...(by === null
      ? []
      : indented(
          `Read by ${by.scripted ? 'scripted model' : 'model'} ${by.model}: ${spent.turns} requests, ${spent.tokens} tokens. ${offered} claims were offered${whys.length === 0 ? '' : `; dropped: ${whys.join('; ')}`}.`,
          screen,
        )),
    ...(by === null
      ? []
      : indented(
          'absent' in judge
            ? `No judge: ${judge.absent}. Claims say what their quotes say, word for word in order; nobody judged their meaning.`
            : `Judged by ${judge.scripted ? 'scripted model' : 'model'} ${judge.model} (${judge.family}).`,
          screen,
        )),
    ...notes.flatMap((one) => indented(one, screen)),
  ];
}

function citationLines({ document, from, to, quote }: Citation, screen: Screen): string[] {
  const ink = paint(screen.colour);
  const where = `${plain(document)}:${from}${to === from ? '' : `-${to}`}`;
  return [`   ${ink.dim(where)}`, ...wrap(`“${plain(quote)}”`, screen.width - 5).map((line) => `     ${line}`)];
}

function experimentLines(
  end: NonNullable<Extract<ResearchEnd, { how: 'answered' }>['experiment']>,
  spec: ExperimentSpec | undefined,
  screen: Screen,
): string[] {
  if (end.how === 'none') return indented(`No experiment: ${end.why}`, screen);
  const next =
    end.how === 'handed-out'
      ? 'A human has handed its files out: ./anneal research files NAME --out FOLDER'
      : 'Nobody has handed its files out.';
  return [
    ...indented(`Experiment: ${spec?.hypothesis ?? end.gate}`, screen),
    ...(spec?.variables ?? []).flatMap(({ path, values }) => indented(`  ${path}: ${values.join(', ')}`, screen)),
    ...(spec === undefined
      ? []
      : [
          ...indented(
            `  Held to be true with ${spec.success.metric} at least ${spec.success.smallestEffect} above the base's`,
            screen,
          ),
          ...indented(`  Refuted by: ${spec.refuted}`, screen),
        ]),
    ...indented(next, screen),
  ];
}

const indented = (text: string, { width }: Screen): string[] => wrap(plain(text), width - 2).map((line) => `  ${line}`);

function hanging(start: string, text: string, { width }: Screen): string[] {
  return wrap(text, width - start.length).map(
    (line, index) => `${index === 0 ? start : ' '.repeat(start.length)}${line}`,
  );
}
