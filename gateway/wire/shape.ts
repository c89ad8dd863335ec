// Bodies from outside: bounded in size and depth before a schema sees them, and every problem found is told, with its path.
import type { z } from 'zod';
import type { Problem } from '../../contracts/errors.ts';

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface Limits {
  readonly bytes: number;
  /** Of objects and arrays inside one another. */
  readonly depth: number;
  /** Values in the whole body. */
  readonly values: number;
}

/** Agents send long histories with pictures in them; nobody nests a schema this deep by hand. */
export const LIMITS: Limits = { bytes: 64 << 20, depth: 64, values: 500_000 };

const MOST_PROBLEMS = 100;
const MOST_DROPPED = 64;
const LONGEST_NAME = 100;

export function problem(path: string, expected: string): Problem {
  return { code: 'gateway.bad_request', path, expected, hint: 'Correct or remove this member.' };
}

/** The JSON of a body. */
export function parseBody(body: Uint8Array, limits: Limits = LIMITS): Parsed<unknown> {
  if (body.length > limits.bytes) return refuse('', `at most ${limits.bytes} bytes`);
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return { ok: true, value };
  } catch {
    return refuse('', 'JSON in UTF-8');
  }
}

function refuse(path: string, expected: string): Parsed<never> {
  return { ok: false, problems: [problem(path, expected)] };
}

/** What of the limits a value breaks; walks without recursion, because depth is just what it must survive. */
export function limitBroken(value: unknown, limits: Limits = LIMITS): string | undefined {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  let values = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    values += 1;
    if (values > limits.values) return `at most ${limits.values} values`;
    if (typeof next.value !== 'object' || next.value === null) continue;
    if (next.depth >= limits.depth) return `at most ${limits.depth} levels of nesting`;
    for (const member of Object.values(next.value)) open.push({ value: member, depth: next.depth + 1 });
  }
  return undefined;
}

/** Reads a body by a schema, within the limits; members that the schema does not know go to `dropped`. */
export function readShape<S extends z.ZodType>(schema: S, body: unknown, dropped: Dropped): Parsed<z.infer<S>> {
  const broken = limitBroken(body);
  if (broken !== undefined) return refuse('', broken);
  const parsed = schema.safeParse(body);
  if (parsed.success) {
    noteMissing(body, parsed.data, '', dropped);
    return { ok: true, value: parsed.data };
  }
  return { ok: false, problems: parsed.error.issues.flatMap((issue) => told(issue, [])).slice(0, MOST_PROBLEMS) };
}

/** Of a union's branches the one that came furthest is the one that was meant. */
function told(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): Problem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const reach = (branch: readonly z.core.$ZodIssue[]): number =>
      Math.max(...branch.map((one) => one.path.length + (one.code === 'invalid_type' ? 0 : 0.5)));
    const meant = issue.errors.toSorted((left, right) => reach(right) - reach(left))[0]!;
    if (meant.length > 0 && reach(meant) > 0) return meant.flatMap((one) => told(one, path));
  }
  return [problem(path.map((step) => String(step).slice(0, LONGEST_NAME)).join('.'), issue.message)];
}

export interface Dropped {
  add(path: string): void;
  readonly names: string[];
}

/** Names of members that are not carried: short and few, whatever the client sends. */
export function createDropped(): Dropped {
  const names: string[] = [];
  const add = (path: string): void => {
    const name = path.slice(0, LONGEST_NAME);
    if (names.length < MOST_DROPPED && !names.includes(name)) names.push(name);
  };
  return { names, add };
}

/** Members of `sent` that reading left out; of a list's entries one is told for all. */
function noteMissing(sent: unknown, kept: unknown, path: string, dropped: Dropped): void {
  if (sent === kept || typeof sent !== 'object' || sent === null || typeof kept !== 'object' || kept === null) return;
  const isList = Array.isArray(sent);
  for (const [name, member] of Object.entries(sent)) {
    if (member === undefined || member === null) continue;
    const at = `${path}${isList ? '*' : name}`;
    if (Object.hasOwn(kept, name)) noteMissing(member, (kept as Record<string, unknown>)[name], `${at}.`, dropped);
    else dropped.add(at);
  }
}

/** Leaves out members that are undefined or null: an internal form has a member or has it not. */
export function present<T extends object>(members: { readonly [K in keyof T]: T[K] | null | undefined }): T {
  const kept: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(members)) {
    if (member !== undefined && member !== null) kept[name] = member;
  }
  return kept as T;
}

/**
 * The object that a tool call's arguments stand for. What is none, or nests too deep to be written again, is handed on as text: the
 * tool's own check then tells the model what it wrote.
 */
export function argumentsObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isObject && limitBroken(value) === undefined) return value;
  } catch {
    // Told below.
  }
  return { unparsed: text };
}
