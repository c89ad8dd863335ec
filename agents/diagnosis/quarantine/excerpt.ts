// What a model gets to see of logs: the lines that the detectors point at with what stands around them, beginnings and ends, and the courses
// of numbers; bounded, however long the logs are.
import { basename } from 'node:path';
import type { Diagnosis } from '../../../contracts/diagnosis.ts';
import type { Series } from '../series.ts';
import { createConcealer, type Redact } from './conceal.ts';
import { linesOf, type Span } from './lines.ts';

const FILES = 8;
const AROUND = 8;
const FIRST = 12;
const LAST = 30;
/** Characters of a line, of all lines and of all courses. */
const WIDTH = 400;
const LINES = 24_000;
const COURSES = 4_000;

export interface ShownLine {
  /** Index among the files that were named. */
  readonly file: number;
  readonly line: number;
  /** Secrets and control signs written out, cut to a width. */
  readonly text: string;
}

export interface Excerpt {
  readonly files: readonly { readonly index: number; readonly path: string; readonly name: string }[];
  /** By file and number. */
  readonly lines: readonly ShownLine[];
  readonly courses: readonly string[];
  readonly secrets: number;
}

export interface ExcerptOf {
  readonly diagnosis: Diagnosis;
  readonly series: readonly Series[];
  readonly redact: Redact;
  readonly signal: AbortSignal;
}

export async function excerptOf({ diagnosis, series, redact, signal }: ExcerptOf): Promise<Excerpt> {
  const { files } = diagnosis.read;
  const concealer = createConcealer(redact);
  const chosen = chooseFiles(diagnosis);
  const ranked: (ShownLine & { readonly rank: number })[] = [];
  for (const index of chosen) {
    const { path, lines: count } = files[index]!;
    const evidence = diagnosis.evidence.filter(({ file }) => file === path);
    const around = evidence.map(({ line }): Span => [Math.max(1, line - AROUND), line + AROUND]);
    const end: Span = [Math.max(1, count - LAST + 1), count];
    const found = await linesOf(path, [...around, [1, Math.min(FIRST, count)], end], files[index]!, signal);
    concealer.gap();
    let before = 0;
    for (const [line, text] of found) {
      if (line !== before + 1) concealer.gap();
      before = line;
      const nearest = Math.min(...evidence.map((one) => Math.abs(one.line - line)));
      // A line may be long and what matters stand far in it.
      const cited = evidence.find((one) => one.line === line)?.text ?? text;
      const shown = clipped(concealer.line(cited), WIDTH);
      if (shown.trim() === '') continue;
      ranked.push({ file: index, line, text: shown, rank: nearest <= AROUND ? nearest : count - line + 100 });
    }
  }
  concealer.gap();
  return {
    files: chosen.map((index) => {
      const { path } = files[index]!;
      return { index, path, name: clipped(concealer.line(basename(path)), 120) };
    }),
    lines: within(ranked),
    courses: coursesOf(series, (text) => clipped(concealer.line(text), 120)),
    secrets: concealer.secrets,
  };
}

/** Those with evidence first. */
function chooseFiles({ read: { files }, evidence }: Diagnosis): number[] {
  const readable = [...files.keys()].filter((index) => files[index]!.lines > 0);
  const told = new Set(evidence.map(({ file }) => file));
  return [
    ...readable.filter((index) => told.has(files[index]!.path)),
    ...readable.filter((index) => !told.has(files[index]!.path)),
  ]
    .slice(0, FILES)
    .sort((a, b) => a - b);
}

/** The nearest to what the detectors point at, then the ends, then the beginnings, until there is no room. */
function within(ranked: readonly (ShownLine & { readonly rank: number })[]): ShownLine[] {
  let room = LINES;
  const kept: ShownLine[] = [];
  for (const { file, line, text } of [...ranked].sort((a, b) => a.rank - b.rank)) {
    room -= text.length + 12;
    if (room < 0) break;
    kept.push({ file, line, text });
  }
  return kept.sort((a, b) => a.file - b.file || a.line - b.line);
}

const clipped = (text: string, width: number): string => text.slice(0, width).toWellFormed();

function coursesOf(series: readonly Series[], show: (name: string) => string): string[] {
  const told: string[] = [];
  let room = COURSES;
  for (const { kind, name, rank, points, count } of series) {
    const finite = points.filter(({ value }) => Number.isFinite(value));
    if (finite.length === 0 || kind === 'step') continue;
    const least = finite.reduce((a, b) => (b.value < a.value ? b : a));
    const most = finite.reduce((a, b) => (b.value > a.value ? b : a));
    const numbers = `first ${points[0]!.value}, least ${least.value} at line ${least.line}, greatest ${most.value} at line ${most.line}, last ${points.at(-1)!.value}`;
    const text = `${kind} (${show(name)})${rank === undefined ? '' : ` rank ${rank}`}: ${count} values, ${numbers}`;
    room -= text.length;
    if (room < 0) break;
    told.push(text);
  }
  return told;
}
