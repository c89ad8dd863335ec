import { expect, it } from 'vitest';
import { openLive, type Screen } from './live.ts';

function terminal(columns = 20, rows = 10): { screen: Screen; text: () => string; shown: () => string[] } {
  let written = '';
  const write = (text: string): void => {
    written += text;
  };
  const screen = { isTTY: true, columns, rows, write };
  return { screen, text: () => written, shown: () => emulate(written) };
}

/** As much of a terminal as the helper uses: newline, carriage return, cursor up, erase below. */
function emulate(text: string): string[] {
  const lines: string[] = [''];
  let row = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's input
  for (const part of text.split(/(\u001b\[[?\d]*[A-Za-z]|\n|\r)/)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's input
    const up = /^\u001b\[(\d+)A$/.exec(part);
    if (part === '\n') row += 1;
    else if (up !== null) row -= Number(up[1]);
    else if (part === '\u001b[0J') lines.splice(row);
    else if (part !== '\r' && !part.startsWith('\u001b')) lines[row] = (lines[row] ?? '') + part;
  }
  return lines.filter((line) => line !== undefined && line !== '');
}

it('redraws in place, also when a frame is shorter or longer', () => {
  const { screen, shown } = terminal();
  const live = openLive(screen);
  live.draw(['one', 'two', 'three'], '');
  live.draw(['only'], '');
  expect(shown()).toEqual(['only']);
  live.draw(['a', 'b'], '');
  expect(shown()).toEqual(['a', 'b']);
});

it('prints above the block', () => {
  const { screen, shown } = terminal();
  const live = openLive(screen);
  live.draw(['block'], '');
  live.print(['said']);
  expect(shown()).toEqual(['said', 'block']);
  live.draw(['next'], '');
  expect(shown()).toEqual(['said', 'next']);
});

it('keeps the end of a frame that is taller than the screen, and cuts long lines', () => {
  const { screen, shown } = terminal(20, 4);
  const live = openLive(screen);
  live.draw(['1', '2', '3', '4', 'x'.repeat(50)], '');
  expect(shown()).toEqual(['3', '4', `${'x'.repeat(19)}…`]);
});

it('gives the cursor back once', () => {
  const { screen, text } = terminal();
  const live = openLive(screen);
  live.draw(['a'], '');
  live.close();
  live.close();
  expect(text().split('\u001b[?25h')).toHaveLength(2);
});

it('prints plain lines elsewhere, each once', () => {
  const { screen, text } = terminal();
  const live = openLive({ ...screen, isTTY: false });
  live.draw(['frame'], 'rolling out');
  live.draw(['frame 2'], 'rolling out');
  live.draw(['frame 3'], 'training');
  live.print(['done']);
  live.close();
  expect(text()).toBe('rolling out\ntraining\ndone\n');
});
