// The difference between two trees of text files, as evals/verifiers/patch/diff.ts reads it: one hunk a file, from its first line that
// differs to its last. Files that are no text are left out.
import { type Artifact, textOf } from '../verifiers/artifact.ts';

const CONTEXT = 3;

export function unifiedDiff(before: Artifact, after: Artifact): string {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.map((path) => fileDiff(path, before.get(path), after.get(path))).join('');
}

function fileDiff(path: string, before: Uint8Array | undefined, after: Uint8Array | undefined): string {
  const [old, now] = [before, after].map((bytes) => (bytes === undefined ? '' : textOf(bytes)));
  if (old === undefined || now === undefined || old.includes('\0') || now.includes('\0')) return '';
  if (old === now && (before === undefined) === (after === undefined)) return '';
  // No line says that an empty file came or went.
  if (old === now) return '';
  const [a, b] = [linesOf(old), linesOf(now)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail])
    tail += 1;
  const from = Math.max(0, head - CONTEXT);
  const kept = Math.min(tail, CONTEXT);
  const [oldEnd, newEnd] = [a.length - tail + kept, b.length - tail + kept];
  const shown = [
    ...a.slice(from, head).map((line) => ` ${line}`),
    ...a.slice(head, a.length - tail).map((line) => `-${line}`),
    ...b.slice(head, b.length - tail).map((line) => `+${line}`),
    ...a.slice(a.length - tail, oldEnd).map((line) => ` ${line}`),
  ];
  const start = (first: number, count: number): string => `${count === 0 ? first : first + 1},${count}`;
  return [
    before === undefined ? '--- /dev/null' : `--- a/${path}`,
    after === undefined ? '+++ /dev/null' : `+++ b/${path}`,
    `@@ -${start(from, oldEnd - from)} +${start(from, newEnd - from)} @@`,
    ...shown.map((line) => line.replace(OPEN, '\n\\ No newline at end of file')),
    '',
  ].join('\n');
}

/** Marks the last line of a text that does not end in a newline: it differs from the same line with one. */
const MARK = '\u0000';
const OPEN = new RegExp(`${MARK}$`);

function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else lines[lines.length - 1] += MARK;
  return lines;
}
