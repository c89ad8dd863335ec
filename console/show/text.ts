// Text of others, as what it is: nothing in it steers the page, and what would be invisible stands there by name.
import { codePoint, HIDDEN, type Html, html } from '../../infra/markup/html.ts';

/** For blocks of text: each hidden character is marked where it stands. Tabs and newlines are kept. */
export function marked(text: string): Html {
  const parts: (string | Html)[] = [];
  let from = 0;
  for (const found of text.matchAll(HIDDEN)) {
    parts.push(
      text.slice(from, found.index),
      html`<mark class="cp" title="a character that would not be seen">${codePoint(found[0])}</mark>`,
    );
    from = found.index + found[0].length;
  }
  return html`${parts}${text.slice(from)}`;
}

export interface Cut {
  readonly text: string;
  /** Lines that are not shown. */
  readonly left: number;
  /** Characters that are not shown, of these lines and of too long ones. */
  readonly leftCharacters: number;
}

export const MOST_LINE = 400;

/** The first lines, as long as they stay within both bounds; too long ones are cut, and say so. */
export function firstLines(text: string, mostLines: number, mostCharacters: number): Cut {
  const kept: string[] = [];
  let taken = 0;
  let at = 0;
  let shownTo = 0;
  while (at < text.length && kept.length < mostLines && taken < mostCharacters) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end === -1 ? text.length : end);
    const short =
      line.length > MOST_LINE ? `${line.slice(0, MOST_LINE)} … ${line.length - MOST_LINE} more characters` : line;
    kept.push(short);
    taken += short.length + 1;
    at = end === -1 ? text.length : end + 1;
    shownTo = at;
  }
  const rest = text.slice(shownTo);
  const left = rest === '' ? 0 : countLines(rest);
  return { text: kept.join('\n'), left, leftCharacters: Math.max(0, text.length - taken) };
}

export function countLines(text: string): number {
  let lines = text.endsWith('\n') ? 0 : 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
