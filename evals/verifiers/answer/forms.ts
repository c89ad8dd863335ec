// Whether an answer is one of those that are accepted. The whole of it has to be: who names two cities has named neither.
import { z } from 'zod';
import { within } from '../program/compare.ts';

export const acceptedForm = z.discriminatedUnion('kind', [
  /** As text, but for case, white space, compatibility forms of letters, and quotes or a full stop around it. */
  z.strictObject({ kind: z.literal('exact'), text: z.string().min(1) }),
  /** Units that may be named, with what one of them is of the value's own; '' allows a bare number. */
  z.strictObject({
    kind: z.literal('number'),
    value: z.number(),
    units: z.record(z.string(), z.number().positive()).default({ '': 1 }),
    absolute: z.number().nonnegative().default(0),
    relative: z.number().nonnegative().default(0),
  }),
  /** A day. Forms that different countries read differently (07/01/1888) are accepted only where the task says which it means. */
  z.strictObject({
    kind: z.literal('date'),
    day: z.iso.date(),
    numbers: z.enum(['day first', 'month first']).optional(),
  }),
  /** A list with exactly these, in any order. */
  z.strictObject({ kind: z.literal('set'), items: z.array(z.string().min(1)).min(1) }),
]);
export type AcceptedForm = z.infer<typeof acceptedForm>;

export const answerValue = z.union([z.string().max(2_000), z.number(), z.array(z.string().max(500)).max(200)]);
export type AnswerValue = z.infer<typeof answerValue>;

export function isAccepted(answer: AnswerValue, form: AcceptedForm): boolean {
  if (form.kind === 'set') return Array.isArray(answer) && sameSet(answer.map(plain), form.items.map(plain));
  if (Array.isArray(answer)) return false;
  switch (form.kind) {
    case 'exact':
      return plain(String(answer)) === plain(form.text);
    case 'number':
      return isNumber(String(answer), form);
    case 'date':
      return dayOf(String(answer), form.numbers) === form.day;
  }
}

/** None of these is the right answer, close as they are. */
export function flippedForm(form: AcceptedForm): AcceptedForm {
  switch (form.kind) {
    case 'exact':
      return { ...form, text: `${form.text} flipped` };
    case 'number':
      return { ...form, value: form.value + 1 + 3 * (form.absolute + form.relative * Math.abs(form.value)) };
    case 'date':
      return { ...form, day: new Date(Date.parse(form.day) + 86_400_000).toISOString().slice(0, 10) };
    case 'set':
      return { ...form, items: [...form.items, 'flipped'] };
  }
}

/** Signs that are drawn in several ways and mean one: dashes, a minus, apostrophes, blanks that do not break. */
const oneWay = (text: string): string =>
  text
    .replace(/[\u00a0\u2009\u202f]/g, ' ')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/[\u2018\u2019\u02bc]/g, "'");

/** As people set apart what they name. */
const AROUND = /^(["'“„«`]|\*\*)(.+)(["'”“»`]|\*\*)$/s;

export function plain(text: string): string {
  let said = oneWay(text.normalize('NFKC')).toLowerCase().replace(/\s+/g, ' ').trim();
  for (;;) {
    // Behind a number or a single letter these are feet, inches, a factorial.
    const bare = said
      .replace(AROUND, '$2')
      .replace(/\.+$/, '')
      .replace(/(?<=\p{L}\p{L})["'”!]+$/u, '')
      .replace(/^["'“]+(?=\p{L})/u, '')
      .trim();
    if (bare === said || bare === '') return said;
    said = bare;
  }
}

const sameSet = (seen: readonly string[], wanted: readonly string[]): boolean =>
  new Set(seen).size === seen.length &&
  seen.length === new Set(wanted).size &&
  seen.every((item) => wanted.includes(item));

/** Thousands are parted by one sign all through; a unit stands before or behind, and may have figures in its name. */
const NUMBER =
  /^(?<sign>[+-]?)(?<before>[^\d+.,-]*)(?<number>[+-]?(?:\d{1,3}(?:([, '_])\d{3})(?:\4\d{3})*|\d+)?(?:(?<=\d)\.\d+|(?<!\d)\.\d+)?(?:(?<=\d)e[+-]?\d{1,3})?)\s*(?<behind>(?:\D.*)?)$/i;

function isNumber(text: string, form: Extract<AcceptedForm, { kind: 'number' }>): boolean {
  const found = NUMBER.exec(unquoted(oneWay(text)))?.groups ?? {};
  const { sign = '', number = '' } = found;
  const [before = '', behind = ''] = [found.before, found.behind].map((one) => one?.trim());
  if (!/\d/.test(number) || (sign !== '' && /^[+-]/.test(number))) return false;
  if (before !== '' && behind !== '' && behind !== '.') return false;
  const unit = unitOf(before === '' ? behind : before, form.units);
  if (unit === undefined) return false;
  return within(form.value, Number(`${sign}${number.replace(/[, '_]/g, '')}`) * unit, form);
}

const unquoted = (text: string): string => /^\s*(["'“])(.*)(["'”])\s*$/s.exec(text)?.[2]?.trim() ?? text.trim();

/** As the task writes it, or with a full stop behind it, or a word in other letters. */
function unitOf(said: string, units: Readonly<Record<string, number>>): number | undefined {
  const plainly = said.replace(/\s*\.$/, '');
  for (const one of [said, plainly]) {
    const own = Object.keys(units).find((unit) => unit === one || unit.normalize('NFKC') === one.normalize('NFKC'));
    if (own !== undefined) return units[own];
  }
  if (!isWord(plainly)) return undefined;
  const alike = Object.keys(units).filter((unit) => unit.toLowerCase() === plainly.toLowerCase());
  return new Set(alike.map((unit) => units[unit])).size === 1 ? units[alike[0]!] : undefined;
}

/** A capital makes another unit of a symbol: mW and MW, mbar and Mbar. It makes none of a word. */
const isWord = (unit: string): boolean => /^(\p{L}{5,}|(?![mpyz])\p{L}{4})$/iu.test(unit);

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const WEEKDAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');

/**
 * `2024-03-12`, `2024/3/12`, `20240312`, `12 March 2024`, `the 12th of March, 2024`, `12. Mar 2024`, `March 12, 2024`, `12-Mar-2024`,
 * `2024 March 12`, `Tuesday, 12 March 2024`, `Tue, 12 Mar 2024`; a time beside it where it is midnight, in UTC or in none.
 */
function dayOf(text: string, numbers?: 'day first' | 'month first'): string | undefined {
  const said = unquoted(oneWay(text))
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/\s*\.$/, '')
    .replace(/^on /, '')
    .replace(/^(\d{4}-\d\d-\d\d)[t ]00:00(?::00(?:\.0+)?)?(?:z| ?\+00:?00| utc)?$/, '$1');
  const [, weekday, words = ''] =
    /^(?:([a-z]{3,6}day|sun|mon|tues?|wed|thu|thurs?|fri|sat)[.,]{0,2} )?(.*)$/.exec(said) ?? [];
  const day = plainDayOf(words, numbers);
  if (day === undefined || weekday === undefined) return day;
  return WEEKDAYS[new Date(`${day}T00:00:00Z`).getUTCDay()]!.startsWith(weekday) ? day : undefined;
}

function plainDayOf(words: string, numbers: 'day first' | 'month first' | undefined): string | undefined {
  const iso = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/.exec(words) ?? /^(\d{4})()(\d\d)(\d\d)$/.exec(words);
  if (iso !== null) return dated(iso[1], Number(iso[3]), iso[4]);
  const first =
    /^(?:the )?(\d{1,2})(?:st|nd|rd|th|\.)? (?:of )?([a-z]{3,9})\.?,? (\d{4})$/.exec(words) ??
    /^(\d{1,2})[-/]([a-z]{3,9})[-/](\d{4})$/.exec(words);
  if (first !== null) return dated(first[3], monthOf(first[2]!), first[1]);
  const last = /^([a-z]{3,9})\.? (?:the )?(\d{1,2})(?:st|nd|rd|th)?,? (\d{4})$/.exec(words);
  if (last !== null) return dated(last[3], monthOf(last[1]!), last[2]);
  const back = /^(\d{4})(?:,? |-)([a-z]{3,9})(?:\.? |-)(\d{1,2})$/.exec(words);
  if (back !== null) return dated(back[1], monthOf(back[2]!), back[3]);
  const [, one, , other, year] = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})$/.exec(words) ?? [];
  if (numbers === undefined || one === undefined) return undefined;
  const [day, month] = numbers === 'day first' ? [one, other] : [other, one];
  return dated(year, Number(month), day);
}

const dated = (year: string | undefined, month: number, day: string | undefined): string | undefined =>
  month === 0 ? undefined : `${year}-${String(month).padStart(2, '0')}-${day!.padStart(2, '0')}`;

const monthOf = (word: string): number =>
  MONTHS.findIndex(
    (month) => month === word || month.slice(0, 3) === word || (word === 'sept' && month === 'september'),
  ) + 1;
