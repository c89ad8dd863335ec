// Numbers as people read them. Shares in, percent out; seconds in, minutes out.

const MINUS = '−';

/** `27.3%` */
export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** `27%`; what is there but rounds to nothing is `<1%`. */
export const wholePercent = (share: number): string =>
  share > 0 && share < 0.005 ? '<1%' : `${(100 * share).toFixed(0)}%`;

/** `+10.0 points`, `−2.5 points`; `unit: false` leaves the word out. */
export function points(share: number, { unit = true }: { unit?: boolean } = {}): string {
  const rounded = (100 * Math.abs(share)).toFixed(1);
  const sign = rounded === '0.0' ? '±' : share < 0 ? MINUS : '+';
  return `${sign}${rounded}${unit ? ' points' : ''}`;
}

/** A span of time: `0.4 s`, `42 s`, `5m 12s`, `1h 03m`, `2d 4h`. */
export function span(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h ${pad(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3600)}h`;
}

/** `812`, `25.3k`, `1.2M` */
export function count(value: number): string {
  if (Math.abs(value) < 1000) return String(Math.round(value));
  if (Math.abs(value) < 999_950) return `${(value / 1000).toFixed(1)}k`;
  return `${(value / 1e6).toFixed(1)}M`;
}

/** `57,816` */
export const grouped = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');

/** A small signed quantity such as a KL: `0.0027`, `1.3e-5`, `0`. */
export function small(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size < 1e-4 ? size.toExponential(1) : size < 1 ? size.toFixed(4) : size.toPrecision(3);
  return `${value < 0 ? MINUS : ''}${text}`;
}

/** `2026-01-05 09:30 UTC` */
export const instant = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
