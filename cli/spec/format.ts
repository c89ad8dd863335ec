// Shows problems with the lines they are about, as a compiler would.
import type { Problem } from '../../contracts/errors.ts';
import { paint } from '../view/paint.ts';
import { clip, plain, wrap } from '../view/text.ts';
import { type Place, readDocument } from './document.ts';
import type { Path } from './guide.ts';

/**
 * Terminal text for a campaign file's problems: `file:line`, field path, excerpt with carets, what was expected and found,
 * a hint, and the page that explains the code. Control characters are removed.
 * @param path as the user wrote it
 */
export function formatProblems(
  problems: readonly Problem[],
  path: string,
  text: string,
  { colour = false, width = 80 }: { colour?: boolean; width?: number } = {},
): string {
  const ink = paint(colour);
  const document = readDocument(text);
  const lines = text.split(/\r\n|\n|\r/);
  const blocks = problems.map((problem) => {
    const where = `${plain(path)}${problem.line === undefined ? '' : `:${problem.line}`}`;
    const head = `${ink.bold(where)}  ${ink.red(problem.path === '' ? problem.code : plain(problem.path))}`;
    const tab = '  ';
    const field = (name: string, said: string): string[] =>
      wrap(plain(said), Math.max(20, width - 12)).map(
        (line, index) => `${tab}${(index === 0 ? name : '').padEnd(10)}${line}`,
      );
    return [
      head,
      ...(problem.line === undefined ? [] : excerpt(lines, problem, document.locate, width, ink)),
      ...field('expected', problem.expected),
      ...(problem.got === undefined ? [] : field('got', problem.got)),
      ...field('hint', problem.hint).map((line) => ink.cyan(line)),
      ink.dim(`${tab}${'page'.padEnd(10)}docs/errors/${problem.code}.md`),
    ].join('\n');
  });
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [...blocks, ink.bold(`${count} in ${plain(path)}`)].join('\n\n');
}

/** `rollouts.groupSize`, `tasks.modules[1]` as steps. */
const steps = (path: string): Path =>
  [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? (name ?? '') : Number(index),
  );

const MARKS_KEY: ReadonlySet<Problem['code']> = new Set(['spec.unknown_field', 'spec.duplicate_key']);

function excerpt(
  lines: readonly string[],
  problem: Problem,
  locate: (path: Path, part?: 'key' | 'value') => Place,
  width: number,
  ink: ReturnType<typeof paint>,
): string[] {
  const number = problem.line ?? 1;
  const source = plain(lines[number - 1] ?? '', { tabs: true });
  const gutter = `  ${String(number).padStart(4)} │ `;
  const empty = `  ${' '.repeat(4)} │ `;
  const place = locate(steps(problem.path), MARKS_KEY.has(problem.code) ? 'key' : 'value');
  // Without a field, or when the field's own place is elsewhere (a duplicate), the whole line is marked.
  const exact = problem.path !== '' && place.line === number && problem.code !== 'spec.missing_field';
  const start = exact ? place.column - 1 : source.length - source.trimStart().length;
  const room = Math.max(10, width - gutter.length);
  if (start >= room) return [ink.dim(gutter) + clip(source, room)];
  const length = Math.min(exact ? place.length : Math.max(1, source.trim().length), room - start);
  return [
    ink.dim(gutter) + clip(source, room),
    ink.dim(empty) + ' '.repeat(start) + ink.red('^'.repeat(Math.max(1, length))),
  ];
}
