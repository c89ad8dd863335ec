// Reading a unified diff, strictly: what cannot be read for certain is not guessed at. Text in, changes out; no program is run.
import { PatchProblem } from './patch-problem.ts';
import { bothPaths, plainPath, unquoted } from './path-text.ts';

export { PatchProblem };

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

export interface FileChange {
  /** Undefined: the file is new. */
  readonly from: string | undefined;
  /** Undefined: the file goes. */
  readonly to: string | undefined;
  readonly copy: boolean;
  readonly hunks: readonly Hunk[];
}

const PLAIN_MODES = new Set(['100644', '100755']);
const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** @throws PatchProblem */
export function parseDiff(text: string): FileChange[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const changes: FileChange[] = [];
  let at = 0;
  // Right behind a hunk a line that looks like one of its own is one that it does not count; behind other words it is talk.
  let behind = false;
  while (at < lines.length) {
    const line = lines[at]!;
    if (line.startsWith('diff --git ') || (line.startsWith('--- ') && lines[at + 1]?.startsWith('+++ '))) {
      const [change, next] = parseFile(lines, at);
      changes.push(change);
      at = next;
      behind = true;
    } else if (HUNK.test(line)) throw new PatchProblem(`line ${at + 1}: a hunk without a file`);
    else if (behind && /^[-+ ]/.test(line) && line !== '-- ')
      throw new PatchProblem(`line ${at + 1}: more lines than its hunk counts`);
    // Anything else is talk before, between or after: a mail's head, a version at its end.
    else {
      behind = false;
      at += 1;
    }
  }
  return changes;
}

interface Head {
  from: string | undefined;
  to: string | undefined;
  named: boolean;
  copy: boolean;
  renamed: boolean;
}

function parseFile(lines: readonly string[], start: number): [FileChange, number] {
  let at = start;
  const head: Head = { from: undefined, to: undefined, named: false, copy: false, renamed: false };
  if (lines[at]!.startsWith('diff --git ')) {
    const both = bothPaths(lines[at]!.slice('diff --git '.length));
    [head.from, head.to] = both ?? [undefined, undefined];
    at += 1;
    while (at < lines.length && extended(lines[at]!, head)) at += 1;
    if (both === undefined && (head.from === undefined || head.to === undefined))
      throw new PatchProblem(`line ${start + 1}: ${lines[start]!.slice(0, 100)} names no two plain paths`);
    if (head.from !== undefined && head.to !== undefined && head.from !== head.to && !head.renamed)
      throw new PatchProblem(`${head.from} and ${head.to} differ, and neither a rename nor a copy is said`);
  }
  if (lines[at]?.startsWith('--- ') && lines[at + 1]?.startsWith('+++ ')) {
    const [from, to] = [side(lines[at]!, 'a/'), side(lines[at + 1]!, 'b/')];
    const agrees = (own: string | undefined, said: string | undefined) => own === said;
    if (head.named || lines[start]!.startsWith('diff --git ')) {
      if (!agrees(head.from, from) && from !== undefined) throw new PatchProblem(`${from} is not what its head names`);
      if (!agrees(head.to, to) && to !== undefined) throw new PatchProblem(`${to} is not what its head names`);
    } else if (from !== undefined && to !== undefined && from !== to)
      throw new PatchProblem(`${from} and ${to} differ, and neither a rename nor a copy is said`);
    [head.from, head.to] = [from, to];
    at += 2;
  }
  if (head.from === undefined && head.to === undefined) throw new PatchProblem(`line ${start + 1}: no file is named`);
  const hunks: Hunk[] = [];
  while (at < lines.length && HUNK.test(lines[at]!)) {
    const [hunk, next] = parseHunk(lines, at);
    hunks.push(hunk);
    at = next;
  }
  return [{ from: head.from, to: head.to, copy: head.copy, hunks }, at];
}

/** Takes one of git's extended lines in; false when it is none. */
function extended(line: string, head: Head): boolean {
  const [, word = '', rest = ''] =
    /^(old mode|new mode|new file mode|deleted file mode|rename from|rename to|copy from|copy to|similarity index|dissimilarity index|index) (.*)$/.exec(
      line,
    ) ?? [];
  if (/^(Binary files |GIT binary patch)/.test(line)) throw new PatchProblem(`${head.to ?? head.from} is binary`);
  if (word === '') return false;
  const mode = word.endsWith('mode') ? rest.trim() : word === 'index' ? (/ (\d{6})$/.exec(rest)?.[1] ?? '') : '';
  if (mode === '120000') throw new PatchProblem(`${head.to ?? head.from} is a symbolic link`);
  if (mode === '160000') throw new PatchProblem(`${head.to ?? head.from} is a submodule`);
  if (mode !== '' && !PLAIN_MODES.has(mode)) throw new PatchProblem(`${head.to ?? head.from} has the mode ${mode}`);
  if (word === 'new file mode') head.from = undefined;
  if (word === 'deleted file mode') head.to = undefined;
  if (word.endsWith(' from')) head.from = plainPath(unquoted(rest));
  if (word.endsWith(' to')) head.to = plainPath(unquoted(rest));
  if (/^(rename|copy)/.test(word)) head.renamed = true;
  if (word.startsWith('copy')) head.copy = true;
  return true;
}

function side(line: string, prefix: string): string | undefined {
  const path = unquoted(line.slice(4).split('\t')[0]!.trimEnd());
  if (path === '/dev/null') return undefined;
  return plainPath(path.startsWith(prefix) ? path.slice(prefix.length) : path);
}

function parseHunk(lines: readonly string[], start: number): [Hunk, number] {
  const [, oldStart = '', oldCount = '1', , newCount = '1'] = HUNK.exec(lines[start]!) ?? [];
  const hunk = { old: [] as string[], new: [] as string[], oldOpen: false, newOpen: false };
  let at = start + 1;
  let last = '';
  const open = () => {
    if (!lines[at]?.startsWith('\\ ')) return;
    if (last !== '+') hunk.oldOpen = true;
    if (last !== '-') hunk.newOpen = true;
    at += 1;
  };
  while (hunk.old.length < Number(oldCount) || hunk.new.length < Number(newCount)) {
    const line = lines[at];
    if (line === undefined) throw new PatchProblem(`line ${start + 1}: the hunk is shorter than it counts`);
    // Editors take the one space off an empty line of context.
    last = line === '' ? ' ' : line[0]!;
    if (!' -+'.includes(last)) throw new PatchProblem(`line ${at + 1}: the hunk is shorter than it counts`);
    const closed = (last !== '+' && hunk.oldOpen) || (last !== '-' && hunk.newOpen);
    if (closed) throw new PatchProblem(`line ${at + 1}: a line after the end of the file`);
    if (last !== '+') hunk.old.push(line.slice(1));
    if (last !== '-') hunk.new.push(line.slice(1));
    at += 1;
    open();
  }
  if (hunk.old.length !== Number(oldCount) || hunk.new.length !== Number(newCount))
    throw new PatchProblem(`line ${start + 1}: the hunk does not count its lines`);
  return [{ oldStart: Number(oldStart), ...hunk }, at];
}
