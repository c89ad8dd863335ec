// Turns what zod found into problems a person can act on: which field, what stood there, what to write instead.
import type { z } from 'zod';
import type { ErrorCode, Problem } from '../../contracts/errors.ts';
import { type CampaignDocument, dotted } from './document.ts';
import { campaignGuide, type Guide, type Path } from './guide.ts';
import { didYouMean } from './suggest.ts';

/** The value at a path of a plain document. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** A value as a message quotes it: one line, at most 60 characters. */
export function quote(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'nothing (empty)';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return `a map with ${Object.keys(value).slice(0, 5).join(', ') || 'nothing'}`;
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

export function problemsFromZod(
  issues: readonly z.core.$ZodIssue[],
  root: unknown,
  document: CampaignDocument,
  guide: Guide = campaignGuide,
): Problem[] {
  const renamed = new Set<string>();
  const unknown = issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [];
    const path = issue.path as Path;
    return issue.keys.map((key) => unknownField(key, path, root, document, renamed, guide));
  });
  const others = issues
    .filter((issue) => issue.code !== 'unrecognized_keys')
    .map((issue) => fromIssue(issue, root, document, guide))
    // A misspelt required field is one mistake, not two.
    .filter((problem) => !(problem.code === 'spec.missing_field' && renamed.has(problem.path)));
  return [...unknown, ...others];
}

function unknownField(
  key: string,
  path: Path,
  root: unknown,
  document: CampaignDocument,
  renamed: Set<string>,
  guide: Guide,
): Problem {
  const fields = guide.fieldsAt(path);
  const free = fields.filter((field) => valueAt(root, [...path, field]) === undefined);
  const meant = didYouMean(key, free) ?? didYouMean(key, fields);
  const places = guide.placesOf(key);
  let hint = `Remove it. Known fields here: ${fields.join(', ')}.`;
  if (meant !== undefined) {
    hint = `Did you mean \`${meant}\`?`;
    if (guide.requiredAt(path).includes(meant)) renamed.add(dotted([...path, meant]));
  } else if (places.length > 0) hint = `\`${key}\` belongs at ${places.join(' or ')}.`;
  return {
    code: 'spec.unknown_field',
    path: dotted([...path, key]),
    line: document.locate([...path, key], 'key').line,
    expected: path.length === 0 ? `a field of ${guide.noun}` : `a field of ${dotted(path)}`,
    got: key,
    hint,
  };
}

function fromIssue(issue: z.core.$ZodIssue, root: unknown, document: CampaignDocument, guide: Guide): Problem {
  const path = issue.path as Path;
  const value = valueAt(root, path);
  const about = guide.aboutAt(path);
  const base = { path: dotted(path), line: document.locate(path).line };
  const name = dotted(path.slice(-1));
  if (value === undefined || (value === null && issue.code === 'invalid_type'))
    return {
      ...base,
      code: 'spec.missing_field',
      expected: guide.expectedAt(path),
      got: quote(value),
      hint: [`Add \`${name}:\`${path.length > 1 ? ` below \`${dotted(path.slice(0, -1))}:\`` : ''}.`, about]
        .filter(Boolean)
        .join(' '),
    };
  if (guide.isDuration(path))
    return {
      ...base,
      code: 'spec.wrong_unit',
      expected: guide.expectedAt(path),
      got: quote(value),
      hint: durationHint(value),
    };
  const code: ErrorCode = issue.code === 'invalid_type' ? 'spec.wrong_type' : 'spec.out_of_range';
  const spoken = issue.code === 'custom' || issue.code === 'invalid_format';
  return {
    ...base,
    code,
    expected: spoken ? issue.message : guide.expectedAt(path),
    got: quote(value),
    hint: valueHint(path, value, about, guide),
  };
}

/** What the writer of a bare or misspelt duration probably meant. */
export function durationHint(value: unknown): string {
  if (typeof value === 'number' && value >= 0)
    return `${value} of what? Write ${value}s for seconds or ${value}m for minutes.`;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-zµ]+)\.?\s*$/i.exec(typeof value === 'string' ? value : '');
  const unit = match?.[2] === undefined ? undefined : UNITS[match[2].toLowerCase()];
  if (match?.[1] !== undefined && unit !== undefined) return `Write ${match[1]}${unit}.`;
  if (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value.trim()))
    return `${value.trim()} of what? Write ${value.trim()}s for seconds or ${value.trim()}m for minutes.`;
  return 'Write a number and one unit: ms, s, m, h or d.';
}

const UNITS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    ms: ['ms', 'msec', 'millisecond', 'milliseconds'],
    s: ['s', 'sec', 'secs', 'second', 'seconds'],
    m: ['m', 'min', 'mins', 'minute', 'minutes'],
    h: ['h', 'hr', 'hrs', 'hour', 'hours'],
    d: ['d', 'day', 'days'],
  }).flatMap(([unit, words]) => words.map((word) => [word, unit])),
);

const MULTIPLES: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, b: 1e9 };

function valueHint(path: Path, value: unknown, about: string, guide: Guide): string {
  const choice = typeof value === 'string' ? didYouMean(value, guide.choicesAt(path)) : undefined;
  if (choice !== undefined) return `Did you mean \`${choice}\`?`;
  if (guide.isNumber(path)) {
    const text = typeof value === 'string' ? value.trim() : '';
    const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text)?.[1];
    if (percent !== undefined) return `Write ${Number(percent) / 100}.`;
    if (guide.isShare(path) && typeof value === 'number' && value > 1 && value <= 100)
      return `It is a share, not a percentage: write ${value / 100}.`;
    const multiple = /^(\d+(?:\.\d+)?)\s*([kmgb])$/i.exec(text);
    const factor = MULTIPLES[multiple?.[2]?.toLowerCase() ?? ''];
    if (multiple?.[1] !== undefined && factor !== undefined) return `Write ${Number(multiple[1]) * factor}.`;
    if (text !== '' && Number.isFinite(Number(text.replaceAll(/[_,]/g, ''))))
      return `Write ${text.replaceAll(/[_,]/g, '')}, without ${/[_,]/.test(text) ? 'separators' : 'quotes'}.`;
    if (typeof value === 'number' && !Number.isInteger(value) && guide.expectedAt(path).startsWith('a whole'))
      return `Write ${Math.round(value)}.`;
  }
  if (guide.expectedAt(path).startsWith('a list') && typeof value === 'string')
    return `Write it as a list: [${value}].`;
  if (guide.expectedAt(path).startsWith('a text') && (typeof value === 'number' || typeof value === 'boolean'))
    return `Put quotes around it: '${value}'.`;
  if (path.length === 1 && path[0] === 'name' && typeof value === 'string') {
    const name = slug(value);
    if (name !== '') return `Write ${name}.`;
  }
  if (dotted(path) === 'harness.prompt') return "Write {instruction} where the task's text goes.";
  return about || `Write ${guide.expectedAt(path)}.`;
}

/** The nearest legal campaign name. */
const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+/, '')
    // What a cluster takes, which is less than a machine.
    .slice(0, 38)
    .replace(/-+$/, '');
