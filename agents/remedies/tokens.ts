// A line of a program as what its words are to each other: names of variables become numbers in the order of their coming, what is called,
// what stands behind a dot, keywords and numbers stay. Of any language that has names, numbers, strings and signs. Pure.

const TOKEN =
  /(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|(?<number>\d[\w.]*)|(?<name>[\p{L}_$][\p{L}\p{N}_$]*)|(?<sign>=>|->|\*\*=?|\/\/=?|[-+*/%&|^<>=!]=?=?|<<|>>|[^\s])/gu;
const COMMENT = /^\s*(?:#|\/\/|\/\*|\*|--\s)/;
/** Behind the code; a `#` or `//` inside a string is not followed that far. */
const TRAILING = /\s+(?:#|\/\/)\s[^"'`]*$/;

const KEYWORDS = new Set(
  (
    'and as assert async await break case catch class const continue def del do elif else except export extends false False finally for from ' +
    'function global if import in instanceof is lambda let match new None nonlocal not null of or pass raise return self static super switch ' +
    'this throw true True try typeof undefined var void while with yield len range sum min max abs int float str list dict set tuple print ' +
    'zip enumerate sorted map filter any all open'
  ).split(' '),
);

export interface Token {
  readonly kind: 'word' | 'variable' | 'number' | 'string' | 'sign';
  readonly text: string;
}

/** Nothing of a comment or an empty line. */
export function tokensOf(line: string): Token[] {
  if (COMMENT.test(line)) return [];
  const found = [...line.replace(TRAILING, '').matchAll(TOKEN)];
  return found.map((match, at): Token => {
    const { string, number, name } = match.groups!;
    const text = match[0];
    if (string !== undefined) return { kind: 'string', text };
    if (number !== undefined) return { kind: 'number', text };
    if (name === undefined) return { kind: 'sign', text };
    const [before, after] = [found[at - 1]?.[0], found[at + 1]?.[0]];
    const isWord = KEYWORDS.has(text) || before === '.' || after === '(';
    return { kind: isWord ? 'word' : 'variable', text };
  });
}

/** Of lines that belong together: one name has one number in all of them. */
export function abstracted(lines: readonly (readonly Token[])[]): string[] {
  const numbers = new Map<string, number>();
  return lines.map((tokens) =>
    tokens
      .map(({ kind, text }) => {
        if (kind === 'string') return '""';
        if (kind !== 'variable') return text;
        const number = numbers.get(text) ?? numbers.size + 1;
        numbers.set(text, number);
        return `$${number}`;
      })
      .join(' '),
  );
}

/** As they stand, but for spaces and what strings say. */
export const plain = (lines: readonly (readonly Token[])[]): string[] =>
  lines.map((tokens) => tokens.map(({ kind, text }) => (kind === 'string' ? '""' : text)).join(' '));
