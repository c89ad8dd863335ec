// Time stamps as programs write them. What lacks a year or a day takes it from the last stamp that had one: only differences matter.

export interface Stamp {
  /** As it stands in the log. */
  readonly text: string;
  /** Seconds; comparable within a reading. */
  readonly seconds: number;
  /** Up to where the text was a stamp. */
  readonly end: number;
}

export interface Calendar {
  year: number;
  month: number;
  day: number;
}

export const newCalendar = (): Calendar => ({ year: 2000, month: 1, day: 1 });

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const CLOCK = '(\\d\\d):(\\d\\d):(\\d\\d)(?:[.,:](\\d{1,9}))?';
const ZONE = '(?:Z|[+-]\\d\\d:?\\d\\d)?';

/** Sticky, tried in turn; the groups are named by what they are. */
const FORMS: readonly { readonly pattern: RegExp; readonly fields: string }[] = [
  { pattern: new RegExp(`(\\d{4})[-/](\\d\\d)[-/](\\d\\d)[T _]${CLOCK}${ZONE}`, 'y'), fields: 'YMDhmsf' },
  { pattern: new RegExp(`(\\d\\d)/(\\d\\d)/(\\d{4}) ${CLOCK}`, 'y'), fields: 'MDYhmsf' },
  { pattern: new RegExp(`(\\d\\d)/(\\d\\d)/(\\d\\d) ${CLOCK}`, 'y'), fields: 'MDyhmsf' },
  {
    pattern: new RegExp(`(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2}) +(\\d{1,2}) ${CLOCK}(?: (\\d{4}))?`, 'y'),
    fields: 'NDhmsfY',
  },
  { pattern: new RegExp(`(\\d{1,2})-(\\d{1,2}) ${CLOCK}`, 'y'), fields: 'MDhmsf' },
  { pattern: new RegExp(`(\\d{1,2})(\\d\\d) ${CLOCK}`, 'y'), fields: 'MDhmsf' },
  { pattern: new RegExp(CLOCK, 'y'), fields: 'hmsf' },
];
/** Seconds since boot, as the kernel counts them. */
const KERNEL = /\s{0,5}(\d{1,9}\.\d{6})(?=\])/y;

/** The stamp that begins at `at`, if one does. */
export function stampAt(text: string, at: number, calendar: Calendar): Stamp | undefined {
  const first = text.charCodeAt(at);
  const digit = first >= 48 && first <= 57;
  if (!digit && !(first >= 65 && first <= 90) && first !== 32) return undefined;
  for (const { pattern, fields } of FORMS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) continue;
    const seconds = secondsOf(found, fields, calendar);
    if (seconds !== undefined) return { text: found[0], seconds, end: pattern.lastIndex };
  }
  KERNEL.lastIndex = at;
  const kernel = KERNEL.exec(text);
  return kernel === null ? undefined : { text: kernel[1]!, seconds: Number(kernel[1]), end: KERNEL.lastIndex };
}

function secondsOf(found: RegExpExecArray, fields: string, calendar: Calendar): number | undefined {
  const { year, month, day } = calendar;
  const part = { year, month, day, clock: 0 };
  for (let index = 0; index < fields.length; index++) {
    const text = found[index + 1];
    if (text === undefined) continue;
    const value = Number(text);
    const field = fields[index];
    if (field === 'Y') part.year = value;
    else if (field === 'y') part.year = 2000 + value;
    else if (field === 'M') part.month = value;
    else if (field === 'N') part.month = MONTHS.indexOf(text.toLowerCase()) + 1;
    else if (field === 'D') part.day = value;
    else if (field === 'h') part.clock += value * 3600;
    else if (field === 'm') part.clock += value * 60;
    else if (field === 's') part.clock += value;
    else part.clock += Number(`0.${text}`);
  }
  if (part.month < 1 || part.month > 12 || part.day < 1 || part.day > 31 || part.clock >= 86_400 + 1) return undefined;
  if (fields.includes('D')) {
    calendar.month = part.month;
    calendar.day = part.day;
    calendar.year = part.year;
  }
  return Date.UTC(part.year, part.month - 1, part.day) / 1000 + part.clock;
}
