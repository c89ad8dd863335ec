// Critical actions: those that never happen without a signed human decision. The list is critical.yaml; this file holds
// its schema, the floor that no list may fall below, and the matcher.
import { z } from 'zod';
import { AnnealError } from '../contracts/errors.ts';
import { gateKind } from '../contracts/gate.ts';

export const criticalAction = z.strictObject({
  name: z.string().regex(/^[a-z][a-z-]*$/),
  what: z.string().min(1),
  why: z.string().min(1),
  risk: z.string().min(1),
  /** What happens when nobody answers. */
  safe: z.string().min(1),
  /** The gate that asks; absent where no part of Anneal can do it yet: then it is refused. */
  gate: gateKind.optional(),
  /** Changes to these paths of the repository count as this action. `*` stays within a folder, `**` does not. */
  paths: z.array(z.string().min(1)).default([]),
});
export type CriticalAction = z.infer<typeof criticalAction>;

export const criticalList = z.strictObject({
  apiVersion: z.literal('anneal/v1'),
  kind: z.literal('CriticalActions'),
  actions: z.array(criticalAction).min(1),
});

/** Always critical, whatever a list says, each with the paths it must cover at least. */
export const CRITICAL_FLOOR = {
  release: [],
  'open-sealed': [],
  'change-task-set': ['examples/*/campaign.yaml'],
  'change-verifier': ['evals/**'],
  'change-reward': ['policies/advantage.ts', 'contracts/trajectory.ts'],
  'change-promotion': ['policies/promotion.ts', 'policies/lineage.ts'],
  'change-sandbox': ['infra/sandbox/**'],
  'change-gate': [
    'critical.yaml',
    'policies/critical.ts',
    'infra/identity/**',
    'infra/releases/**',
    'contracts/gate.ts',
  ],
  'raise-budget': ['policies/budget.ts'],
  'delete-record': [],
  'resume-after-alarm': [],
  'grant-network': [],
} as const satisfies Record<string, readonly string[]>;
export type CriticalName = keyof typeof CRITICAL_FLOOR;

/**
 * Reads a list (the parsed content of critical.yaml) and refuses one that lacks any of the floor.
 * @throws AnnealError `spec.invalid`
 */
export function parseCriticalList(content: unknown): CriticalAction[] {
  const parsed = criticalList.safeParse(content);
  if (!parsed.success) {
    throw new AnnealError('spec.invalid', `critical.yaml is not valid: ${z.prettifyError(parsed.error)}`);
  }
  const { actions } = parsed.data;
  const names = actions.map((action) => action.name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const missing = Object.entries(CRITICAL_FLOOR).flatMap(([name, paths]) => {
    const action = actions.find((one) => one.name === name);
    if (action === undefined) return [name];
    return paths.filter((path) => !action.paths.includes(path)).map((path) => `${name}: ${path}`);
  });
  if (twice.length > 0) throw new AnnealError('spec.invalid', `critical.yaml names twice: ${twice.join(', ')}`);
  if (missing.length > 0) throw new AnnealError('spec.invalid', `critical.yaml lacks: ${missing.join(', ')}`);
  return actions;
}

/**
 * The list with a campaign's additions. An addition under a listed name adds its paths and changes nothing else, so that
 * nothing is ever taken away or reworded.
 */
export function addCritical(list: readonly CriticalAction[], added: readonly CriticalAction[]): CriticalAction[] {
  const merged = list.map((action) => {
    const extra = added.filter((one) => one.name === action.name).flatMap((one) => one.paths);
    return { ...action, paths: [...new Set([...action.paths, ...extra])] };
  });
  const names = new Set(list.map((action) => action.name));
  for (const action of added) {
    if (names.has(action.name)) continue;
    const sameName = added.filter((one) => one.name === action.name);
    merged.push({ ...action, paths: [...new Set(sameName.flatMap((one) => one.paths))] });
    names.add(action.name);
  }
  return merged;
}

/** A path that a change touches, with every other name under which it reaches or reached the same content. */
export interface ChangedPath {
  readonly path: string;
  readonly renamedFrom?: string;
  /** Where it leads when it is a symbolic link, relative to the repository. */
  readonly resolvesTo?: string;
  /** A submodule's content is not visible in the change: always critical. */
  readonly submodule?: boolean;
}

/**
 * The critical actions that a change amounts to; empty when it needs no decision.
 *
 * It fails towards critical: a path that leaves the repository, and a submodule, match every action that has paths.
 */
export function matchChange(list: readonly CriticalAction[], changes: readonly ChangedPath[]): CriticalAction[] {
  const touched = changes.flatMap((change) =>
    [change.path, change.renamedFrom, change.resolvesTo].filter((path) => path !== undefined),
  );
  const normal = touched.map(normalise);
  const opaque = changes.some((change) => change.submodule === true) || normal.includes(undefined);
  return list.filter((action) => {
    if (opaque) return action.paths.length > 0;
    return action.paths.some((pattern) => normal.some((path) => path !== undefined && matches(pattern, path)));
  });
}

/** Lower case, since some file systems fold it; undefined when the path leaves the repository. */
function normalise(path: string): string | undefined {
  if (path.startsWith('/') || path.includes('\0')) return undefined;
  const parts: string[] = [];
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/').normalize('NFC').toLowerCase();
}

/** A pattern matches its path, everything below it, and every folder above it (replacing the folder replaces the file). */
function matches(pattern: string, path: string): boolean {
  return matchParts(pattern.toLowerCase().split('/'), path.split('/'));
}

function matchParts(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  const [head, ...tail] = path;
  // Either list may end first: a parent folder or something below.
  if (first === undefined || head === undefined) return true;
  if (first === '**') return true;
  const escaped = first.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*');
  return new RegExp(`^${escaped}$`).test(head) && matchParts(rest, tail);
}
