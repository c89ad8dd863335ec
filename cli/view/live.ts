// Redraws a block of lines in place on a terminal; prints plain lines, each once, anywhere else.
import { clip, columns } from './text.ts';

/** The part of a TTY stream that is used. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

export interface Live {
  /** Columns to render for: the terminal's, or 80. Ask anew before each frame. */
  readonly width: number;
  readonly interactive: boolean;
  /** Shows a frame. Not on a terminal, `plainLine` is printed instead, if it differs from the one before. */
  draw(lines: readonly string[], plainLine: string): void;
  /** Prints lines above the block, for good. */
  print(lines: readonly string[]): void;
  /** Leaves the last frame where it is and gives the cursor back. Safe to call twice, and from an exit handler. */
  close(): void;
}

const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';
/** Synchronised output: terminals that know it show a frame whole; others ignore it. */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';

export function openLive(screen: Screen, { force }: { force?: boolean } = {}): Live {
  const interactive = force ?? screen.isTTY === true;
  let drawn: readonly string[] = [];
  let lastPlain: string | undefined;
  let hidden = false;
  const width = (): number => Math.max(20, screen.columns ?? 80);

  /** Back to the block's first line, erasing it. After a resize, lines may have wrapped onto several rows. */
  const erase = (): string => {
    const columnsNow = width();
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(columns(line) / columnsNow)), 0);
    return rows === 0 ? '' : `\u001b[${rows}A\r\u001b[0J`;
  };
  const frame = (lines: readonly string[]): string => {
    // A frame taller than the screen could not be erased again: its end, where the gate stands, is what is kept.
    const room = Math.max(1, (screen.rows ?? 24) - 1);
    const fitting = lines.length > room ? lines.slice(lines.length - room) : lines;
    const text = erase() + fitting.map((line) => `${clip(line, width())}\n`).join('');
    drawn = fitting.map((line) => clip(line, width()));
    return text;
  };

  return {
    get width() {
      return width();
    },
    interactive,
    draw(lines, plainLine) {
      if (interactive) {
        screen.write(BEGIN + (hidden ? '' : HIDE) + frame(lines) + END);
        hidden = true;
      } else if (plainLine !== lastPlain) {
        screen.write(`${plainLine}\n`);
        lastPlain = plainLine;
      }
    },
    print(lines) {
      const text = lines.map((line) => `${line}\n`).join('');
      if (!interactive || drawn.length === 0) {
        screen.write(text);
        return;
      }
      const block = drawn;
      const cleared = erase();
      drawn = [];
      screen.write(BEGIN + cleared + text + frame(block) + END);
    },
    close() {
      if (hidden) screen.write(SHOW);
      hidden = false;
      drawn = [];
    },
  };
}
