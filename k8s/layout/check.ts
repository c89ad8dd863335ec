// From a plain document to a profile, or to everything that is wrong with it: fields first, then the layout.
import type { z } from 'zod';
import { type ProfileSpec, profileSpec } from '../../contracts/profile.ts';
import { aboutAt, choicesAt, dotted, expectedAt, fieldsAt, isDuration, isQuantity, type Path } from './expectation.ts';
import type { LayoutProblem } from './rule.ts';
import { validateLayout } from './validate.ts';

/** Finds the known word that was probably meant; the command line has one that tolerates typing errors. */
export type Suggest = (word: string, known: readonly string[]) => string | undefined;

export type CheckedProfile =
  | { readonly profile: ProfileSpec; readonly problems: readonly [] }
  /** `profile` is there when every field is legal by itself and only the layout is impossible: estimates can still be shown. */
  | { readonly profile?: ProfileSpec; readonly problems: readonly LayoutProblem[] };

export function checkProfile(value: unknown, suggest: Suggest = () => undefined): CheckedProfile {
  const parsed = profileSpec.safeParse(value);
  if (!parsed.success) return { problems: parsed.error.issues.flatMap((issue) => fromIssue(issue, value, suggest)) };
  const problems = validateLayout(parsed.data);
  return problems.length === 0 ? { profile: parsed.data, problems: [] } : { profile: parsed.data, problems };
}

const RULE = 'schema';

function fromIssue(issue: z.core.$ZodIssue, root: unknown, suggest: Suggest): LayoutProblem[] {
  const path = issue.path as Path;
  const base = { code: 'profile.invalid', rule: RULE } as const;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const known = fieldsAt(path);
      const meant = suggest(key, known);
      return {
        ...base,
        path: dotted([...path, key]),
        expected: path.length === 0 ? 'a field of a profile' : `a field of ${dotted(path)}`,
        got: key,
        hint: meant === undefined ? `Remove it. Known fields here: ${known.join(', ')}.` : `Did you mean \`${meant}\`?`,
      };
    });
  const found = valueAt(root, path);
  const spoken = issue.code === 'custom' || (issue.code === 'invalid_format' && !isDuration(path));
  const expected = spoken ? issue.message : expectedAt(path);
  return [{ ...base, path: dotted(path), expected, got: quoted(found), hint: hintFor(path, found, expected, suggest) }];
}

function hintFor(path: Path, found: unknown, expected: string, suggest: Suggest): string {
  const about = aboutAt(path);
  const name = String(path.at(-1) ?? '');
  if (found === undefined)
    return [`Add \`${name}:\`${path.length > 1 ? ` below \`${dotted(path.slice(0, -1))}:\`` : ''}.`, about]
      .filter(Boolean)
      .join(' ');
  const choice = typeof found === 'string' ? suggest(found, choicesAt(path)) : undefined;
  if (choice !== undefined) return `Did you mean \`${choice}\`?`;
  if (isDuration(path) && typeof found === 'number') return `${found} of what? Write ${found}s or ${found}m.`;
  if (isQuantity(path) && typeof found === 'number') {
    const inCores = name.startsWith('cpu');
    return inCores ? `Put quotes around it: '${found}'.` : `${found} of what? Write ${found}Mi or ${found}Gi.`;
  }
  return about || `Write ${expected}.`;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

function quoted(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return `a map with ${Object.keys(value).slice(0, 5).join(', ') || 'nothing'}`;
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
