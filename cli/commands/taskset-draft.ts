// taskset draft: a proposal for a set from a folder, validated, and tried on a few tasks. What comes of it is a human's to decide: nothing is built.
import { open, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { candidatesOf, type SeenFile } from '../../agents/data-builder/candidates.ts';
import { type Proposed, proposeSet, setDocument } from '../../agents/data-builder/propose.ts';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import { hashOf } from '../../evals/construction/source.ts';
import { type Trial, trySource } from '../../evals/construction/try-source.ts';
import { sourceReader } from '../../infra/source-files/read.ts';
import { browserOf, sandboxOf, toolsOf } from '../instruments.ts';
import { interruptible } from '../interrupt.ts';
import { readingModel } from '../reading-model.ts';
import { type Run, type Session, screen } from '../session.ts';
import { readSet } from '../spec/set.ts';
import { renderDraft } from '../view/taskset-draft.ts';

interface Options {
  readonly out: string;
  readonly licence?: string;
  readonly try: string;
  readonly model: boolean;
}

const MOST_FILES = 20_000;
const FIRST_BYTES = 64 * 1024;

export function addTasksetDraft(taskset: Command, run: Run): void {
  taskset
    .command('draft <folder>')
    .description(
      'propose a set from what a folder holds, validate it, and certify a few tasks of it; nothing is locked',
    )
    .requiredOption('--out <file>', 'the set file to write, in the folder or above it')
    .option('--licence <spdx>', 'of what the folder holds, where its files do not say it themselves')
    .option('--try <n>', 'items to draft and certify', '3')
    .option('--no-model', 'ask no model which source to take')
    .action((folder: string, options: Options, command: Command) =>
      run((session) => interruptible((signal) => draft(session, { folder, options, signal }), 'Stopped.'), command),
    );
}

async function draft(
  session: Session,
  { folder, options, signal }: { folder: string; options: Options; signal: AbortSignal },
): Promise<void> {
  const few = Number(options.try);
  if (!Number.isInteger(few) || few < 1 || few > 20)
    throw new AnnealError('cli.usage', '--try takes a number from 1 to 20');
  const name =
    basename(resolve(folder))
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-')
      .replace(/^[^a-z]+/, '')
      .slice(0, 40) || 'set';
  const candidates = candidatesOf(await look(folder), { name, licence: options.licence });
  const reading = options.model ? await readingModel(session.config, {}) : undefined;
  const proposed = await proposeSet(candidates, reading?.model, signal);
  if (proposed === undefined) {
    const lacks = candidates.map((one) => `${one.source.kind}: ${one.lacks}`).join('; ');
    throw new AnnealError(
      'tasks.source_failed',
      `${folder} holds nothing that a set can be drafted from${lacks === '' ? '' : `. It lacks: ${lacks}`}`,
    );
  }
  const placed = atFile(proposed, relative(dirname(resolve(options.out)), resolve(folder)) || '.');
  await writeFile(options.out, setDocument(name, placed), { flag: 'wx' }).catch((cause: unknown) => {
    throw new AnnealError('cli.usage', `${options.out} is there already, or cannot be written`, { cause });
  });
  const trials = await tried(session, options.out, few, signal);
  const certified = trials.filter(({ refused }) => refused.length === 0).length;
  if (session.json)
    process.stdout.write(`${JSON.stringify({ file: options.out, proposed: placed, candidates, trials })}\n`);
  else
    process.stdout.write(
      `${renderDraft(options.out, { proposed: placed, candidates, trials }, screen(session)).join('\n')}\n`,
    );
  if (certified === 0) process.exitCode = EXIT.failed;
}

/** By the rules and the steps of ./anneal taskset build. */
async function tried(session: Session, file: string, most: number, signal: AbortSignal): Promise<Trial[]> {
  const { store, config } = session;
  const { spec, kind, options, folder } = await readSet(file);
  const sandbox = sandboxOf(config, store);
  const source = await kind.open(options, { ...{ sandbox, store, seed: spec.seed }, ...sourceReader(folder, store) });
  const browser = browserOf(config);
  const secret = hashOf({ trial: source.description, seed: spec.seed });
  const instruments = { sandbox, secret, ...(browser && { browser }), tools: await toolsOf(config)() };
  return trySource(source, { instruments, store, seed: spec.seed, signal, most });
}

/** Paths in the document are relative to it. */
function atFile(proposed: Proposed, folder: string): Proposed {
  const { kind, ...options } = proposed.candidate.source;
  const moved = Object.entries(options).map(([key, value]) => [key, PATHS.has(key) ? join(folder, value) : value]);
  return { ...proposed, candidate: { ...proposed.candidate, source: { kind, ...Object.fromEntries(moved) } } };
}
const PATHS: ReadonlySet<string> = new Set(['folder', 'file', 'repository']);

async function look(folder: string): Promise<SeenFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new AnnealError('tasks.source_failed', `${folder} cannot be read`, { cause });
  });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  if (files.length > MOST_FILES)
    throw new AnnealError('tasks.source_failed', `${folder} holds more than ${MOST_FILES} files`);
  return Promise.all(
    files
      .sort()
      .map(async (path) => (path.endsWith('.jsonl') ? { path, ...(await firstLine(join(folder, path))) } : { path })),
  );
}

async function firstLine(path: string): Promise<{ first?: string }> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0);
    const end = buffer.indexOf(10);
    return { first: buffer.subarray(0, end === -1 ? bytesRead : Math.min(end, bytesRead)).toString('utf8') };
  } finally {
    await file.close();
  }
}
