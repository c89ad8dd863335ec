// A diagnosis as a page: the cause, where it began, the lines that show it, what else it might be, and what was read.
import type { Diagnosis, EvidenceLine } from '../../contracts/diagnosis.ts';
import { renderHypotheses } from './hypotheses.ts';
import { type Paint, paint } from './paint.ts';
import { clip, clipStart, columns, plain, wrap } from './text.ts';

const SHOWN_FILES = 12;
/** Columns. */
const SHORTEST_PLACE = 12;
const ROLES: Readonly<Record<EvidenceLine['role'], string>> = {
  'first-fault': 'first fault',
  supports: 'shows it too',
  follows: 'follows from it',
};

export function renderDiagnosis(of: Diagnosis, { width, colour }: { width: number; colour: boolean }): string[] {
  const p = paint(colour);
  const within = Math.max(20, width);
  return [
    ...headOf(of, p, within),
    ...firstOf(of, p, within),
    ...evidenceOf(of, p, within),
    ...restOf(of, p, within),
    ...renderHypotheses(of, p, within),
    ...readOf(of, p, within),
  ];
}

function headOf({ cause, confidence, summary }: Diagnosis, p: Paint, width: number): string[] {
  const mark = cause === 'healthy' ? p.green('✓') : cause === 'undetermined' ? p.yellow('?') : p.red('✗');
  const sure =
    cause === 'healthy' && confidence >= 0.9 ? '' : `  ${p.dim(`confidence ${Math.round(confidence * 100)}%`)}`;
  return [
    clip(`${mark} ${p.bold(cause)}${sure}`, width),
    ...wrap(plain(summary), width - 2).map((line) => `  ${line}`),
  ];
}

function firstOf({ firstFault, collective }: Diagnosis, p: Paint, width: number): string[] {
  if (firstFault === null) return [];
  const { file, line, rank, time } = firstFault;
  const facts = [...(rank === null ? [] : [`rank ${rank}`]), ...(time === null ? [] : [plain(time)])].map(
    (fact) => ` · ${fact}`,
  );
  const label = 'First fault';
  const place = placeIn(file, line, width - columns(`${label}  ${facts.join('')}`));
  const stopped = collective?.stoppedRanks ?? [];
  return [
    '',
    clip(`${p.bold(label)}  ${place}${facts.join('')}`, width),
    ...(collective?.operation == null
      ? []
      : [
          clip(
            `  ${p.dim('operation')}  ${plain(collective.operation)}${collective.sequence === null ? '' : `, number ${collective.sequence}`}`,
            width,
          ),
        ]),
    ...(stopped.length === 0 ? [] : [clip(`  ${p.dim('did not come')}  rank ${stopped.join(', ')}`, width)]),
  ];
}

function evidenceOf({ evidence }: Diagnosis, p: Paint, width: number): string[] {
  if (evidence.length === 0) return [];
  return [
    '',
    p.bold('Evidence'),
    ...evidence.flatMap(({ file, line, text, cut, role }) => {
      const place = placeIn(file, line, width - columns(`    ${ROLES[role]}`));
      const paintOf = role === 'first-fault' ? p.red : p.dim;
      const lines = wrap(plain(text, { tabs: true }), Math.max(16, width - 4)).slice(0, 4);
      return [
        clip(`  ${p.cyan(place)}  ${p.dim(ROLES[role])}`, width),
        ...lines.map((one) => `    ${paintOf(one)}`),
        ...(cut || columns(text) > 4 * (width - 4) ? [`    ${p.dim('…')}`] : []),
      ];
    }),
  ];
}

/** Of a path that is too long its end says more; what is said of the place is not lost by it. */
function placeIn(file: string, line: number, width: number): string {
  const place = `${plain(file)}:${line}`;
  return clipStart(place, Math.max(SHORTEST_PLACE, width));
}

function restOf({ alternatives, remedies }: Diagnosis, p: Paint, width: number): string[] {
  return [
    ...(alternatives.length === 0 ? [] : ['', clip(p.bold('It might also be'), width)]),
    ...alternatives.map(({ cause, confidence, why }) =>
      clip(`  ${cause} (${Math.round(confidence * 100)}%)  ${p.dim(plain(why))}`, width),
    ),
    ...(remedies.length === 0
      ? []
      : [
          '',
          clip(p.bold('What could be done'), width),
          ...wrap(remedies.join(', '), width - 2).map((line) => `  ${line}`),
        ]),
  ];
}

function readOf({ read }: Diagnosis, p: Paint, width: number): string[] {
  const { files, bytes, lines, ranks, programs, metrics, notes } = read;
  const facts = [
    `${files.length} ${files.length === 1 ? 'file' : 'files'}, ${lines} lines, ${size(bytes)}`,
    ...(ranks.length === 0 ? [] : [`${ranks.length} ${ranks.length === 1 ? 'rank' : 'ranks'}`]),
    ...(metrics === 0 ? [] : [`${metrics} numbers`]),
    ...(programs.length === 0 ? [] : [`looks like ${programs.join(', ')}`]),
  ];
  return [
    '',
    ...wrap(`Read: ${facts.join('; ')}.`, width).map(p.dim),
    ...notes.slice(0, SHOWN_FILES).flatMap((note) => wrap(plain(note), width - 2).map((line) => `  ${p.yellow(line)}`)),
    ...(notes.length > SHOWN_FILES ? [p.dim(`  … and ${notes.length - SHOWN_FILES} more`)] : []),
  ];
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];
function size(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${UNITS[power]}`;
}
