// A change as a terminal shows it. Its text may be an agent's, hence is stripped line by line.
import { type Paint, paint } from './paint.ts';
import { columns, plain } from './text.ts';

const MOST_LINES = 120;

export function renderPatch(patch: string, { width, colour }: { width: number; colour: boolean }): string[] {
  const ink = paint(colour);
  const lines = patch.replace(/\n$/, '').split('\n');
  const shown = lines.slice(0, MOST_LINES).flatMap((line) => {
    const ink = inkOf(line, paint(colour));
    return folded(plain(line, { tabs: true }), width).map(ink);
  });
  const left = Math.max(0, lines.length - MOST_LINES);
  return left === 0 ? shown : [...shown, ink.dim(`${left} more lines: the console shows all of them`)];
}

function inkOf(line: string, ink: Paint): (text: string) => string {
  if (/^(diff --git|index|---|\+\+\+|new file|deleted file|rename|similarity|old mode|new mode)/.test(line))
    return ink.bold;
  if (line.startsWith('@@')) return ink.cyan;
  if (line.startsWith('+')) return ink.green;
  return line.startsWith('-') ? ink.red : (text) => text;
}

/** Whole: what stands far to the right is merged as well. */
function folded(text: string, width: number): string[] {
  const rows = [''];
  for (const sign of text) {
    if (columns(`${rows.at(-1)}${sign}`) > width) rows.push('');
    rows[rows.length - 1] += sign;
  }
  return rows;
}
