// One hunk of a unified diff. What its head counts is followed where it can be; else its lines are counted anew, as `git apply --recount`
// does: whoever writes a diff by hand miscounts.
import { PatchProblem } from './patch-problem.ts';

export interface Hunk {
  /** First line of the old text that it speaks of, from 1; 0 where the old text is empty. */
  readonly oldStart: number;
  /** Lines without their ends; the last may lack one. */
  readonly old: readonly string[];
  readonly new: readonly string[];
  /** Whether the old, the new text ends here without a newline. */
  readonly oldOpen: boolean;
  readonly newOpen: boolean;
}

export const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

export const isFileHead = (lines: readonly string[], at: number): boolean =>
  lines[at]!.startsWith('diff --git ') || (lines[at]!.startsWith('--- ') && lines[at + 1]?.startsWith('+++ ') === true);

/** @throws PatchProblem */
export function parseHunk(lines: readonly string[], start: number): [Hunk, number] {
  const [, oldStart = '', oldCount = '1', , newCount = '1'] = HUNK.exec(lines[start]!) ?? [];
  const counted = countedEnd(lines, start, Number(oldCount), Number(newCount));
  const end = counted !== undefined && !goesOn(lines, counted) ? counted : lastOf(lines, start);
  return [{ oldStart: Number(oldStart), ...read(lines, start + 1, contentEnd(lines, start, end)) }, end];
}

const isOpenEnd = (line: string | undefined): boolean => line?.startsWith('\\ ') === true;

/** The line after the hunk by what its head counts; undefined where its lines are others. */
function countedEnd(lines: readonly string[], start: number, old: number, fresh: number): number | undefined {
  let [at, left, right] = [start + 1, old, fresh];
  while (left > 0 || right > 0) {
    const line = lines[at];
    // Editors take the one space off an empty line of context.
    const kind = line === '' ? ' ' : line?.[0];
    if (kind === undefined || !' -+'.includes(kind)) return undefined;
    if (kind !== '+') left -= 1;
    if (kind !== '-') right -= 1;
    at += isOpenEnd(lines[at + 1]) ? 2 : 1;
  }
  return left === 0 && right === 0 ? at : undefined;
}

/** Right behind what was counted a line that looks like one of the hunk's own is one that was not counted; `-- ` ends a mail. */
const goesOn = (lines: readonly string[], at: number): boolean =>
  /^[-+ ]/.test(lines[at] ?? '') && lines[at] !== '-- ' && !isFileHead(lines, at);

/** Empty lines at the end of a hunk may be talk's: as context they say nothing. */
function contentEnd(lines: readonly string[], start: number, end: number): number {
  let at = end;
  while (at > start + 1 && lines[at - 1] === '') at -= 1;
  return at;
}

/** The line after the last one that can be the hunk's. */
function lastOf(lines: readonly string[], start: number): number {
  let at = start + 1;
  while (at < lines.length && /^([-+ ]|$)/.test(lines[at]!) && !isFileHead(lines, at)) {
    if (lines[at] === '-- ')
      throw new PatchProblem(`line ${start + 1}: the hunk does not count its lines, and where it ends is not known`);
    at += isOpenEnd(lines[at + 1]) ? 2 : 1;
  }
  at = contentEnd(lines, start, at);
  if (at === start + 1) throw new PatchProblem(`line ${start + 1}: the hunk has no lines`);
  return at;
}

function read(lines: readonly string[], from: number, end: number): Omit<Hunk, 'oldStart'> {
  const hunk = { old: [] as string[], new: [] as string[], oldOpen: false, newOpen: false };
  for (let at = from; at < end; at += 1) {
    const line = lines[at]!;
    const kind = line === '' ? ' ' : line[0];
    const closed = (kind !== '+' && hunk.oldOpen) || (kind !== '-' && hunk.newOpen);
    if (closed) throw new PatchProblem(`line ${at + 1}: a line after the end of the file`);
    if (kind !== '+') hunk.old.push(line.slice(1));
    if (kind !== '-') hunk.new.push(line.slice(1));
    if (!isOpenEnd(lines[at + 1])) continue;
    if (kind !== '+') hunk.oldOpen = true;
    if (kind !== '-') hunk.newOpen = true;
    at += 1;
  }
  return hunk;
}
