// After a fix: where else in the repository the pattern stands that it took away. Candidates, for a person or an agent to look at: what looks
// alike need not be wrong. Pure; no model is asked.
import type { Files } from '../../contracts/agent-ports.ts';
import { type Edits, edited } from '../workspace/left.ts';
import { abstracted, plain, type Token, tokensOf } from './tokens.ts';

/** Fewer tell nothing: `return x`, `else:`. */
const LEAST_TOKENS = 5;
const MOST_LINES = 12;
const MOST_FOUND = 200;
const MOST_BYTES = 1 << 20;
const MOST_PATTERNS = 60;

export interface Alike {
  readonly path: string;
  /** Of the first line, from 1, in the file as the fix leaves it. */
  readonly line: number;
  readonly lines: number;
  readonly text: string;
  /** The place that was mended. */
  readonly like: { readonly path: string; readonly line: number };
  /** The names too are those of the mended place. */
  readonly same: boolean;
}

interface Line {
  readonly number: number;
  readonly text: string;
  readonly tokens: readonly Token[];
}

/** Longest patterns first; by path and line. Files of the same kind only, by their ending. */
export function alikeElsewhere(before: Files, edits: Edits): Alike[] {
  const after = edited(before, edits);
  const found = new Map<string, Alike>();
  const cache = new Map<string, readonly Line[]>();
  const linesIn = (path: string): readonly Line[] => {
    const known = cache.get(path) ?? linesOf(after.get(path));
    cache.set(path, known);
    return known;
  };
  const patterns = [...edits].flatMap(([path, bytes]) =>
    bytes === null ? [] : patternsOf(path, linesOf(before.get(path)), linesOf(bytes)),
  );
  for (const { path: from, removed, byName } of patterns
    .sort((a, b) => b.removed.length - a.removed.length)
    .slice(0, MOST_PATTERNS)) {
    const shape = byName ? plain : abstracted;
    const wanted = shape(removed.map(({ tokens }) => tokens)).join('\n');
    const named = plain(removed.map(({ tokens }) => tokens)).join('\n');
    for (const path of [...after.keys()].sort()) {
      if (endingOf(path) !== endingOf(from) || found.size >= MOST_FOUND) continue;
      const lines = linesIn(path);
      for (let at = 0; at + removed.length <= lines.length; at += 1) {
        const window = lines.slice(at, at + removed.length);
        // Most lines are told apart by how many words they have.
        if (window.some((one, index) => one.tokens.length !== removed[index]!.tokens.length)) continue;
        const tokens = window.map((one) => one.tokens);
        if (shape(tokens).join('\n') !== wanted) continue;
        const line = window[0]!.number;
        const inside = [...found.values()].some(
          (one) => one.path === path && one.line <= line && line < one.line + one.lines,
        );
        if (inside) continue;
        found.set(`${path}:${line}`, {
          ...{ path, line, lines: window.at(-1)!.number - line + 1 },
          text: window.map(({ text }) => text).join('\n'),
          like: { path: from, line: removed[0]!.number },
          same: plain(tokens).join('\n') === named,
        });
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line));
}

/** Runs of lines that a fix took away, and each of their lines that says enough. */
function patternsOf(path: string, before: readonly Line[], after: readonly Line[]) {
  return removedRuns(before, after).flatMap(({ removed, added }) => {
    const isTelling = ({ tokens }: Line): boolean => tokens.length >= LEAST_TOKENS;
    const words = removed.reduce((sum, { tokens }) => sum + tokens.length, 0);
    const shapes = new Set(added.map(({ tokens }) => abstracted([tokens])[0]!));
    const isWhole = removed.length > 1 && removed.length <= MOST_LINES && words >= 2 * LEAST_TOKENS;
    const whole = isWhole && removed.some(isTelling) ? [removed] : [];
    const single = removed.filter(isTelling).map((line) => [line]);
    return [...whole, ...single].map((lines) => ({
      path,
      removed: lines,
      // Two names that changed places, one that became another: without its names the right line looks like the wrong one.
      byName: lines.every(({ tokens }) => shapes.has(abstracted([tokens])[0]!)),
    }));
  });
}

/** By the longest common lines, of what differs between what both begin and end with. */
function removedRuns(before: readonly Line[], after: readonly Line[]): { removed: Line[]; added: Line[] }[] {
  const keys = (lines: readonly Line[]): string[] =>
    lines.map(({ tokens }) => tokens.map(({ text }) => text).join(' '));
  const [a, b] = [keys(before), keys(after)];
  let [head, tail] = [0, 0];
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const [old, now] = [before.slice(head, a.length - tail), after.slice(head, b.length - tail)];
  // Of two large texts the whole difference is one run.
  if (old.length * now.length > 4_000_000) return old.length === 0 ? [] : [{ removed: old, added: now }];
  const [x, y] = [keys(old), keys(now)];
  const table = Array.from({ length: x.length + 1 }, () => new Uint32Array(y.length + 1));
  for (let i = x.length - 1; i >= 0; i -= 1)
    for (let j = y.length - 1; j >= 0; j -= 1)
      table[i]![j] = x[i] === y[j] ? table[i + 1]![j + 1]! + 1 : Math.max(table[i + 1]![j]!, table[i]![j + 1]!);
  const runs: { removed: Line[]; added: Line[] }[] = [];
  let run: { removed: Line[]; added: Line[] } = { removed: [], added: [] };
  let [i, j] = [0, 0];
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      runs.push(run);
      run = { removed: [], added: [] };
      i += 1;
      j += 1;
    } else if (j >= y.length || (i < x.length && table[i + 1]![j]! >= table[i]![j + 1]!)) run.removed.push(old[i++]!);
    else run.added.push(now[j++]!);
  }
  return [...runs, run].filter(({ removed }) => removed.length > 0);
}

/** Those that say anything. */
function linesOf(bytes: Uint8Array | undefined): Line[] {
  if (bytes === undefined || bytes.length > MOST_BYTES || bytes.includes(0)) return [];
  return Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .map((text, at) => ({ number: at + 1, text: text.replace(/\r$/, ''), tokens: tokensOf(text) }))
    .filter(({ tokens }) => tokens.length > 0);
}

const endingOf = (path: string): string => /\.[^./]+$/.exec(path)?.[0] ?? '';
