// What a long acceptance has found so far, so that one that was stopped goes on where it was: a line each, for one state of the code only.
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const finding = z.strictObject({ name: z.string(), holds: z.boolean(), said: z.string(), ms: z.number() });
export type Finding = z.infer<typeof finding>;

export interface Journal {
  readonly found: ReadonlyMap<string, Finding>;
  add(finding: Finding): void;
}

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.anneal/accept');
/** What a judgement depends on. */
const CODE = ['contracts', 'evals', 'infra/browser', 'infra/sandbox', 'policies', 'tests/accept', 'tests/support'];

/** Journals of other states of the code are removed. */
export function openJournal(name: string): Journal {
  mkdirSync(FOLDER, { recursive: true });
  const file = `${name}-${codeHash()}.jsonl`;
  for (const other of readdirSync(FOLDER))
    if (other.startsWith(`${name}-`) && other !== file) rmSync(join(FOLDER, other));
  const path = join(FOLDER, file);
  const found = new Map(readWhole(path).map((one) => [one.name, one]));
  return {
    found,
    add(one) {
      found.set(one.name, one);
      appendFileSync(path, `${JSON.stringify(one)}\n`);
    },
  };
}

/** A last line that a kill cut short is cut off. */
function readWhole(path: string): Finding[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return [];
  }
  const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
  if (whole.length < bytes.length) truncateSync(path, whole.length);
  const lines = whole.toString('utf8').split('\n').slice(0, -1);
  return lines.map((line) => finding.parse(JSON.parse(line)));
}

function codeHash(): string {
  const hash = createHash('sha256');
  for (const folder of CODE)
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile() && !one.parentPath.includes('__pycache__'))
      .map((one) => join(one.parentPath, one.name))
      .sort())
      hash
        .update(`${entry.slice(ROOT.length)}\0`)
        .update(readFileSync(entry))
        .update('\0');
  return hash.digest('hex').slice(0, 16);
}
