// Applying the changes of a diff to a snapshot, exactly: context must agree to the byte, only its place may have moved.
import type { Artifact } from '../artifact.ts';
import { alsoFolders, textOf } from '../artifact.ts';
import { type FileChange, type Hunk, PatchProblem } from './diff.ts';

/** The snapshot after the changes. @throws PatchProblem */
export function applyChanges(given: Artifact, changes: readonly FileChange[]): Artifact {
  const result = new Map(given);
  const touched = new Set<string>();
  for (const { from, to, copy, hunks, carriage } of changes) {
    for (const path of new Set([from, to])) {
      if (path === undefined || (copy && path === from)) continue;
      if (touched.has(path)) throw new PatchProblem(`${path} is changed twice`);
      touched.add(path);
    }
    const before = from === undefined ? undefined : given.get(from);
    if (from !== undefined && before === undefined) throw new PatchProblem(`${from} is not there`);
    if (to !== undefined && to !== from && given.has(to)) throw new PatchProblem(`${to} is there already`);
    const after =
      hunks.length === 0
        ? (before ?? new Uint8Array())
        : applyHunks(from ?? to!, before, carriage ? asIn(before, hunks) : hunks);
    if (to === undefined && after.length > 0) throw new PatchProblem(`${from} is deleted with lines left in it`);
    if (from !== undefined && from !== to && !copy) result.delete(from);
    if (to !== undefined) result.set(to, after);
  }
  const [clash] = alsoFolders(result.keys());
  if (clash !== undefined) throw new PatchProblem(`${clash} is a file and a folder`);
  return result;
}

/** A diff that was carried as a text of Windows, for a file whose own lines end so. */
function asIn(before: Uint8Array | undefined, hunks: readonly Hunk[]): readonly Hunk[] {
  const text = textOf(before ?? new Uint8Array()) ?? '';
  if (text === '' || /(?<!\r)\n/.test(text)) return hunks;
  const ended = (lines: readonly string[], open: boolean) =>
    lines.map((line, index) => (open && index === lines.length - 1 ? line : `${line}\r`));
  return hunks.map((hunk) => ({ ...hunk, old: ended(hunk.old, hunk.oldOpen), new: ended(hunk.new, hunk.newOpen) }));
}

function applyHunks(path: string, before: Uint8Array | undefined, hunks: readonly Hunk[]): Uint8Array {
  const text = textOf(before ?? new Uint8Array());
  if (text === undefined || text.includes('\0')) throw new PatchProblem(`${path} is binary`);
  const open = text !== '' && !text.endsWith('\n');
  const lines = text === '' ? [] : (open ? text : text.slice(0, -1)).split('\n');
  const out: string[] = [];
  let at = 0;
  let moved = 0;
  let endsOpen = open;
  for (const [index, hunk] of hunks.entries()) {
    const where = placeOf(hunk, lines, at, moved, open);
    if (where === undefined) throw new PatchProblem(`${path}: hunk ${index + 1} does not fit`);
    moved = where - startOf(hunk);
    out.push(...lines.slice(at, where), ...hunk.new);
    at = where + hunk.old.length;
    if (at === lines.length) endsOpen = hunk.newOpen;
    else if (hunk.newOpen) throw new PatchProblem(`${path}: hunk ${index + 1} ends a file that goes on`);
  }
  out.push(...lines.slice(at));
  if (out.length === 0) return new Uint8Array();
  return Buffer.from(`${out.join('\n')}${endsOpen ? '' : '\n'}`);
}

/** A hunk without old lines counts from the line before it. */
const startOf = ({ oldStart, old }: Hunk): number => (old.length === 0 ? oldStart : oldStart - 1);

/** Where it says, where the hunk before it was moved to, or the only other place where it fits. */
function placeOf(hunk: Hunk, lines: readonly string[], from: number, moved: number, open: boolean): number | undefined {
  const fits = (at: number): boolean =>
    at >= from &&
    at + hunk.old.length <= lines.length &&
    hunk.old.every((line, index) => lines[at + index] === line) &&
    // An end without a newline is part of what must agree.
    (!hunk.oldOpen || (open && at + hunk.old.length === lines.length)) &&
    (hunk.oldOpen || !open || at + hunk.old.length < lines.length || hunk.old.length === 0);
  const said = startOf(hunk);
  if (fits(said + moved)) return said + moved;
  if (fits(said)) return said;
  if (hunk.old.length === 0) return undefined;
  const places = lines.map((_, at) => at).filter(fits);
  return places.length === 1 ? places[0] : undefined;
}
