// Small drawings made of characters.

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;
const LEVELS = '▁▂▃▄▅▆▇█';

/** A bar of exactly `width` columns, filled in eighths of a column. */
export function bar(share: number, width: number): { full: string; empty: string } {
  const bounded = Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
  const eighths = Math.floor(bounded * width * 8);
  const full = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
  return { full, empty: '░'.repeat(Math.max(0, width - [...full].length)) };
}

/** One character a value, from the least to the greatest; a gap for what was not measured. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const known = values.filter((value): value is number => value !== undefined && Number.isFinite(value));
  const low = Math.min(...known);
  const high = Math.max(...known);
  return values
    .map((value) => {
      if (value === undefined || !Number.isFinite(value)) return ' ';
      const level = high === low ? 3 : Math.round(((value - low) / (high - low)) * (LEVELS.length - 1));
      return LEVELS[level] ?? ' ';
    })
    .join('');
}
