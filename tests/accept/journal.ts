// What a long acceptance has found so far, so that one that was stopped goes on where it was: a line each, for one state of the code only.
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { z } from 'zod';

export interface Journal<T> {
  /** The latest of each name. */
  readonly found: ReadonlyMap<string, T>;
  add(finding: T): void;
}

export interface JournalOf<T> {
  readonly name: string;
  /** Folders and files that a finding depends on, besides all that the modules among them import. */
  readonly code: readonly string[];
  /** Files whose bytes and imports say nothing of a finding, such as a table of everything that there is. */
  readonly apart?: readonly string[];
  readonly finding: z.ZodType<T>;
  /** Where the code and the journal are, unless this checkout. */
  readonly root?: string;
}

const ROOT = join(import.meta.dirname, '../..');

/** Journals of other states of the code are removed. */
export function openJournal<T extends { readonly name: string }>(of: JournalOf<T>): Journal<T> {
  const { name, code, apart = [], finding, root = ROOT } = of;
  // Not in `.anneal`: a home holds nothing that the stack does not know.
  const folder = join(root, '.testbed/accept');
  mkdirSync(folder, { recursive: true });
  const file = `${name}-${codeHash(root, code, apart)}.jsonl`;
  for (const other of readdirSync(folder))
    if (other.startsWith(`${name}-`) && other !== file) rmSync(join(folder, other));
  const path = join(folder, file);
  const found = new Map(readWhole(path).map((line) => nameAnd(finding.parse(line))));
  return {
    found,
    add(one) {
      found.set(one.name, one);
      appendFileSync(path, `${JSON.stringify(one)}\n`);
    },
  };
}

const nameAnd = <T extends { readonly name: string }>(one: T): [string, T] => [one.name, one];

/** A last line that a kill cut short is cut off. */
function readWhole(path: string): unknown[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return [];
  }
  const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
  if (whole.length < bytes.length) truncateSync(path, whole.length);
  const lines = whole.toString('utf8').split('\n').slice(0, -1);
  return lines.map((line): unknown => JSON.parse(line));
}

/** Of the files themselves and, in any other folder, of the modules that they import. */
function codeHash(root: string, code: readonly string[], apart: readonly string[]): string {
  const left = new Set(apart.map((one) => join(root, one)));
  const files = new Set(code.flatMap((one) => filesOf(join(root, one))));
  // A set that grows while it is gone through: each import is read in its turn.
  for (const file of files)
    if (file.endsWith('.ts')) for (const one of importsOf(file)) if (!left.has(one)) files.add(one);
  const hash = createHash('sha256');
  for (const file of [...files].sort())
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Types alone decide nothing while a program runs. */
const OF_TYPES = /\b(?:import|export) (?:type [^;']*|\{(?:\s*type [\w$]+(?: as [\w$]+)?,?)+\s*\} )from '[^']*'/g;

/** What is there of them, that is: texts of candidates import as well. */
const importsOf = (file: string): string[] =>
  [
    ...readFileSync(file, 'utf8')
      .replaceAll(OF_TYPES, '')
      .matchAll(/\b(?:from |import |import\()'(\.[^']+)'/g),
  ]
    .map(([, path]) => join(dirname(file), path!))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());

function filesOf(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && !one.parentPath.includes('__pycache__') && !one.name.endsWith('.test.ts'))
    .map((one) => join(one.parentPath, one.name))
    .sort();
}
