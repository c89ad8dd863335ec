// Reading a unified diff: forms that people and models write are taken where they can mean one thing, and nothing is guessed at. Text in,
// changes out; no program is run.
import { HUNK, type Hunk, isFileHead, parseHunk } from './hunk.ts';
import { PatchProblem } from './patch-problem.ts';
import { bothPaths, plainPath, unquoted } from './path-text.ts';

export type { Hunk };
export { PatchProblem };

export interface FileChange {
  /** Undefined: the file is new. */
  readonly from: string | undefined;
  /** Undefined: the file goes. */
  readonly to: string | undefined;
  readonly copy: boolean;
  readonly hunks: readonly Hunk[];
  /** Every line of the diff ended as in files of Windows: whether the file's own lines do, only the file says. */
  readonly carriage?: true;
}

const HEAD_OF_HUNK = 'one begins with @@ -LINE,COUNT +LINE,COUNT @@';
const PLAIN_MODES = new Set(['100644', '100755']);

/** @throws PatchProblem */
export function parseDiff(text: string): FileChange[] {
  const written = text.replace(/^\ufeff/, '').split('\n');
  if (written.at(-1) === '') written.pop();
  const carriage = written.length > 0 && written.every((line) => line === '' || line.endsWith('\r'));
  const lines = carriage ? written.map((line) => line.replace(/\r$/, '')) : written;
  const prefixes = prefixesOf(lines);
  const changes: FileChange[] = [];
  let at = 0;
  // Right behind a hunk a line that looks like one of its own is one that it does not count; behind other words it is talk.
  let behind = false;
  while (at < lines.length) {
    const line = lines[at]!;
    if (isFileHead(lines, at)) {
      const [change, next] = parseFile(lines, at, prefixes);
      changes.push(carriage ? { ...change, carriage } : change);
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

/** What stands before the paths of the old and the new side. */
type Prefixes = readonly [from: string, to: string];
const OF_GIT: Prefixes = ['a/', 'b/'];

/** `old/x` and `new/x` are one file in two folders: the first pair of names says which. */
function prefixesOf(lines: readonly string[]): Prefixes {
  const at = lines.findIndex(
    (line, index) => /^--- (?!\/dev\/null)/.test(line) && /^\+\+\+ (?!\/dev\/null)/.test(lines[index + 1] ?? ''),
  );
  const [from, to] = [lines[at], lines[at + 1]].map((line) => (line === undefined ? '' : pathIn(line)));
  const [old, ...oldRest] = from!.split('/');
  const [fresh, ...freshRest] = to!.split('/');
  const isPair = oldRest.length > 0 && old !== fresh && oldRest.join('/') === freshRest.join('/');
  return isPair ? [`${old}/`, `${fresh}/`] : OF_GIT;
}

const pathIn = (line: string): string => unquoted(line.slice(4).split('\t')[0]!.trimEnd());

interface Head {
  from: string | undefined;
  to: string | undefined;
  named: boolean;
  copy: boolean;
  renamed: boolean;
}

function parseFile(lines: readonly string[], start: number, prefixes: Prefixes): [FileChange, number] {
  let at = start;
  const head: Head = { from: undefined, to: undefined, named: false, copy: false, renamed: false };
  if (lines[at]!.startsWith('diff --git ')) {
    const both = bothPaths(lines[at]!.slice('diff --git '.length), prefixes);
    [head.from, head.to] = both ?? [undefined, undefined];
    at += 1;
    while (at < lines.length && extended(lines[at]!, head)) at += 1;
    if (both === undefined && (head.from === undefined || head.to === undefined))
      throw new PatchProblem(`line ${start + 1}: ${lines[start]!.slice(0, 100)} names no two plain paths`);
    if (head.from !== undefined && head.to !== undefined && head.from !== head.to && !head.renamed)
      throw new PatchProblem(`${head.from} and ${head.to} differ, and neither a rename nor a copy is said`);
  }
  const sides = lines[at]?.startsWith('--- ') && lines[at + 1]?.startsWith('+++ ');
  if (sides) {
    const isPlain = !head.named && !lines[start]!.startsWith('diff --git ');
    const [old, fresh] = [side(lines[at]!, prefixes[0]), side(lines[at + 1]!, prefixes[1])];
    const [from, to] = (isPlain ? asOne(old, fresh) : [old, fresh]).map((path) =>
      path === undefined ? undefined : plainPath(path),
    );
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
  const behind = lines[at] ?? '';
  if (behind.startsWith('@@'))
    throw new PatchProblem(
      `line ${at + 1}: ${JSON.stringify(behind.slice(0, 60))} is no head of a hunk: ${HEAD_OF_HUNK}`,
    );
  if (sides && hunks.length === 0)
    throw new PatchProblem(
      `line ${start + 1}: ${head.to ?? head.from} is named and no hunk of it follows: ${HEAD_OF_HUNK}`,
    );
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
  const path = pathIn(line);
  if (path === '/dev/null') return undefined;
  return (path.startsWith(prefix) ? path.slice(prefix.length) : path).replace(/^\.\//, '');
}

type Side = string | undefined;
/** `diff -u x.py.orig x.py`: what was kept of a file beside it is that file before; `x.py.new` is that file after. */
function asOne(from: Side, to: Side): readonly [Side, Side] {
  if (from === undefined || to === undefined) return [from, to];
  if (from.startsWith(to) && /^(?:\.(?:orig|old|bak)|~)$/.test(from.slice(to.length))) return [to, to];
  return to === `${from}.new` ? [from, from] : [from, to];
}
