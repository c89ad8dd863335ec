// A YAML document with positions: every path leads to the line and column a message points at.
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import type { Problem } from '../../contracts/errors.ts';
import type { Path } from './guide.ts';

/** Lines and columns count from 1; `length` is that of the marked text on its line. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

export interface CampaignDocument {
  /** The plain value; undefined when the syntax is broken. */
  readonly value: unknown;
  /** Syntax errors and duplicate keys. */
  readonly problems: readonly Problem[];
  /** Of the value at the path (`key`: of its key); the nearest ancestor that exists when the path does not. */
  locate(path: Path, part?: 'key' | 'value'): Place;
}

export const dotted = (path: Path): string =>
  path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');

export function readDocument(text: string): CampaignDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    stringKeys: true,
    version: '1.2',
  });
  const place = (from: number, to: number): Place => {
    const start = lines.linePos(from);
    const end = text.indexOf('\n', from);
    const stop = Math.min(to, end === -1 ? text.length : end);
    return { line: Math.max(1, start.line), column: Math.max(1, start.col), length: Math.max(1, stop - from) };
  };
  const locate = (path: Path, part: 'key' | 'value' = 'value'): Place => {
    let node: unknown = document.contents;
    let range: readonly number[] = [0, 1];
    for (const [depth, step] of path.entries()) {
      const last = depth === path.length - 1;
      if (isMap(node) && typeof step === 'string') {
        const pair = node.items.findLast((item) => isScalar(item.key) && String(item.key.value) === step);
        if (pair === undefined) break;
        const key = (pair.key as Node).range;
        const value = (pair.value as Node | null)?.range;
        const scalar = isScalar(pair.value) && (pair.value as { value: unknown }).value !== null;
        range = (last && part === 'value' && scalar ? value : key) ?? range;
        node = pair.value;
      } else if (isSeq(node) && typeof step === 'number') {
        node = node.items[step];
        range = (node as Node | undefined)?.range ?? range;
      } else break;
    }
    return place(range[0] ?? 0, range[1] ?? 1);
  };

  const syntax: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    code: 'spec.syntax',
    path: '',
    line: place(error.pos[0], error.pos[1]).line,
    expected: 'valid YAML 1.2',
    got: error.message,
    hint:
      SYNTAX_HINTS[error.code] ?? 'Look at the marked line and the one above it: a colon, a quote or the indentation.',
  }));
  if (syntax.length > 0) return { value: undefined, problems: syntax, locate };

  const duplicates: Problem[] = [];
  const visit = (node: unknown, path: Path): void => {
    if (isSeq(node)) for (const [index, item] of node.items.entries()) visit(item, [...path, index]);
    if (isMap(node)) duplicates.push(...duplicateKeys(node, path, place));
    if (isMap(node))
      for (const pair of node.items) visit(pair.value, [...path, isScalar(pair.key) ? String(pair.key.value) : '']);
  };
  visit(document.contents, []);
  try {
    return { value: document.toJS({ maxAliasCount: 50 }) as unknown, problems: duplicates, locate };
  } catch (failure) {
    const got = failure instanceof Error ? failure.message : String(failure);
    const hint = 'Write the value out instead of using an alias.';
    return {
      value: undefined,
      locate,
      problems: [{ code: 'spec.syntax', path: '', line: 1, expected: 'plain values', got, hint }],
    };
  }
}

const SYNTAX_HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'Indent with spaces: YAML does not allow tabs.',
  BAD_INDENT: 'Line the key up with its neighbours.',
  MULTIPLE_DOCS: 'Keep one campaign a file: remove the `---` and what follows it.',
  MISSING_CHAR: 'A colon, comma or closing quote is missing on the marked line or just before it.',
  NON_STRING_KEY: 'Keys are texts; put quotes around it.',
  TAG_RESOLVE_FAILED: 'Remove the `!tag`; only plain values are read.',
};

function duplicateKeys(map: YAMLMap, path: Path, place: (from: number, to: number) => Place): Problem[] {
  const first = new Map<string, number>();
  const problems: Problem[] = [];
  for (const { key } of map.items) {
    if (!isScalar(key) || !key.range) continue;
    const name = String(key.value);
    const { line } = place(key.range[0], key.range[1]);
    const before = first.get(name);
    if (before === undefined) first.set(name, line);
    else
      problems.push({
        code: 'spec.duplicate_key',
        path: dotted([...path, name]),
        line,
        expected: 'each key once',
        got: `${name} again; it already stands on line ${before}`,
        hint: `Keep one of lines ${before} and ${line}.`,
      });
  }
  return problems;
}
