// A unified diff, line by line: what it takes away and adds keeps its sign, so that colour is never the only one.

import { grouped } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import { firstLines, marked } from './text.ts';

const MOST_LINES = 500;
const MOST_CHARACTERS = 32_000;

/** By its first lines: whatever it is called. */
export const isDiff = (text: string): boolean =>
  /^(?:diff --git |--- |Index: |From [0-9a-f]{40} )/m.test(text.slice(0, 4_000)) &&
  /^@@ .*@@/m.test(text.slice(0, 20_000));

export interface DiffSize {
  readonly files: number;
  readonly added: number;
  readonly removed: number;
}

/** Of all of it, however much is shown. */
export function sizeOf(text: string): DiffSize {
  let [files, added, removed] = [0, 0, 0];
  let inHunk = false;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const stop = end === -1 ? text.length : end;
    const sign = text[at];
    if (sign === '@' && text.startsWith('@@ ', at)) inHunk = true;
    else if (sign === 'd' && text.startsWith('diff ', at)) inHunk = false;
    else if (sign === '-' && text.startsWith('--- ', at) && text.startsWith('+++ ', stop + 1)) {
      inHunk = false;
      files += 1;
    } else if (inHunk && sign === '+') added += 1;
    else if (inHunk && sign === '-') removed += 1;
    at = stop + 1;
  }
  return { files, added, removed };
}

export function renderDiff(text: string): { readonly body: Html; readonly note: string; readonly whole: boolean } {
  const { files, added, removed } = sizeOf(text);
  const cut = firstLines(text, MOST_LINES, MOST_CHARACTERS);
  const lines = cut.text.split('\n').map((line) => html`<span class="${kindOf(line)}">${marked(line)}\n</span>`);
  const size = `${grouped(files)} ${files === 1 ? 'file' : 'files'}, +${grouped(added)} −${grouped(removed)}`;
  const whole = cut.left === 0;
  const note = whole ? size : `${size}. Cut: ${grouped(cut.left)} more lines are not shown`;
  return { body: html`<pre class="diff" tabindex="0">${lines}</pre>`, note, whole };
}

function kindOf(line: string): string {
  if (line.startsWith('@@')) return 'hunk';
  if (/^(?:diff |index |--- |\+\+\+ |new file|deleted file|rename |similarity )/.test(line)) return 'file';
  if (line.startsWith('+')) return 'add';
  return line.startsWith('-') ? 'del' : 'same';
}
