// Columns that line up, and that give way in a fixed order where the terminal is narrow.
import { clip, columns, padEnd, padStart } from './text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** The column with the greatest value goes first when space is short; 0 stays. */
  readonly drop?: number;
}

/** Lines of a table: the header, then the rows. Cells may carry colour; a row shorter than the columns is padded. */
export function table(
  head: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, header = (text: string): string => text }: { width: number; header?: (text: string) => string },
): string[] {
  let shown = head.map((_, index) => index);
  const widths = head.map((column, index) =>
    Math.max(columns(column.title), ...rows.map((row) => columns(row[index] ?? ''))),
  );
  const total = (): number => shown.reduce((sum, index) => sum + (widths[index] ?? 0), 0) + 2 * (shown.length - 1);
  while (total() > width) {
    const least = shown.reduce((a, b) => ((head[b]?.drop ?? 0) > (head[a]?.drop ?? 0) ? b : a));
    if ((head[least]?.drop ?? 0) === 0) break;
    shown = shown.filter((index) => index !== least);
  }
  const line = (cells: readonly string[]): string =>
    clip(
      shown
        .map((index) => (head[index]?.align === 'right' ? padStart : padEnd)(cells[index] ?? '', widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
      width,
    );
  return [header(line(head.map((column) => column.title))), ...rows.map(line)];
}
