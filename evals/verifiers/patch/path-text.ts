// Paths as a diff writes them: plain, or between quotes with escapes, as git does with letters beyond ASCII.
import { PatchProblem } from './patch-problem.ts';

/** A repository may have letters of any language in its names, and spaces in their middle; no part may be longer than a file system takes. */
const PART = /^(?!\.{1,2}$)[\p{L}\p{M}\p{N}._@+-](?:[\p{L}\p{M}\p{N}._@+ -]*[\p{L}\p{M}\p{N}._@+-])?$/u;
const MOST_BYTES = 240;

/** @throws PatchProblem */
export function plainPath(path: string): string {
  const fits = Buffer.byteLength(path) <= MOST_BYTES && path.split('/').every((part) => PART.test(part));
  if (!fits || !path.isWellFormed())
    throw new PatchProblem(`${JSON.stringify(path.slice(0, 100))} is no plain relative path`);
  return path;
}

/** Between quotes: what git escaped, as it was; else the text itself. What is no such text stays, and is no plain path. */
export function unquoted(text: string): string {
  const [, inner] = /^"((?:[^"\\]|\\(?:[0-3][0-7]{2}|[abtnvfr"\\]))*)"$/.exec(text) ?? [];
  if (inner === undefined) return text;
  const pieces = inner.match(/\\(?:[0-3][0-7]{2}|.)|[^\\]+/g) ?? [];
  const bytes = Buffer.concat(
    pieces.map((piece) => {
      if (!piece.startsWith('\\')) return Buffer.from(piece);
      return Buffer.from([piece.length === 4 ? Number.parseInt(piece.slice(1), 8) : ESCAPES[piece[1]!]!]);
    }),
  );
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return text;
  }
}

const ESCAPES: Readonly<Record<string, number>> = {
  ...{ a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 },
  ...{ '"': 34, '\\': 92 },
};

/**
 * The two names behind `diff --git`: without quotes nothing says where the first one ends, unless both are the same. Undefined: a
 * rename has to say which they are.
 * @throws PatchProblem for names that are no plain paths
 */
export function bothPaths(
  text: string,
  [first, second]: readonly [from: string, to: string],
): readonly [from: string, to: string] | undefined {
  const half = (text.length - 1) / 2;
  const [left, right] = [text.slice(0, half), text.slice(half + 1)];
  const same = text[half] === ' ' && (left === right || left.slice(first.length) === right.slice(second.length));
  const quoted = /^("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|\S+)$/.exec(text);
  const [from, to] = same ? [left, right] : [quoted?.[1], quoted?.[2]];
  if (from === undefined || to === undefined) return undefined;
  const [a, b] = [unquoted(from), unquoted(to)];
  // `git diff --no-prefix`.
  if (a === b && !b.startsWith(second)) return [plainPath(a), plainPath(b)];
  return a.startsWith(first) && b.startsWith(second)
    ? [plainPath(a.slice(first.length)), plainPath(b.slice(second.length))]
    : undefined;
}
