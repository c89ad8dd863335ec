// What is left of given files when a program or an agent has worked on them: the difference, as bytes, and nothing of outside.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Files, RunWork, Worked, WorkRun } from '../../contracts/agent-ports.ts';
import { relativePath } from '../../contracts/artifact-task.ts';
import { AnnealError } from '../../contracts/errors.ts';

/** Bytes as a change leaves them; null: the file is gone. */
export type Edits = ReadonlyMap<string, Uint8Array | null>;

export const MOST_LEFT = { fileBytes: 1 << 20, bytes: 16 << 20, files: 500 } as const;
const LISTING_MS = 30_000;
const LIMITS: WorkRun['limits'] = {
  ...{ memoryBytes: 2 * 2 ** 30, diskBytes: 512 << 20, processes: 128, outputBytes: 256 << 10 },
};

const account = z.union([
  z.strictObject({ too: z.string() }),
  z.strictObject({
    changed: z.record(z.string(), z.base64()),
    removed: z.array(z.string()),
    refused: z.array(z.tuple([z.string(), z.string()])),
  }),
]);

export type Left =
  | { readonly how: 'left'; readonly edits: Edits; readonly worked: Worked }
  /** What lies there cannot be a change to these files. */
  | { readonly how: 'unfit'; readonly why: string; readonly worked: Worked };

let program: string | undefined;

/**
 * @param given what the difference is taken to
 * @param run how the workspace comes about: files, and steps that work on them
 * @throws as RunWork
 */
export async function whatIsLeft(
  runWork: RunWork,
  given: Files,
  run: Pick<WorkRun, 'files' | 'sealed' | 'steps' | 'signal'>,
): Promise<Left> {
  program ??= readFileSync(new URL('./left.py', import.meta.url), 'utf8');
  const out = `left-${randomBytes(12).toString('hex')}.json`;
  const hashes = Object.fromEntries(
    [...given].map(([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')]),
  );
  const worked = await runWork({
    ...run,
    steps: [
      ...run.steps,
      {
        what: 'what is left',
        argv: ['python3', '-I', '-S', '-B', '-c', program],
        stdin: JSON.stringify({ given: hashes, out, ...MOST_LEFT }),
        wallMs: LISTING_MS,
      },
    ],
    collect: [{ path: out, maxBytes: 2 * MOST_LEFT.bytes, required: true }],
    limits: LIMITS,
  });
  const unfit = (why: string): Left => ({ how: 'unfit', why, worked });
  const said = worked.collected.get(out);
  const last = worked.steps.at(-1);
  if (said === undefined) {
    const why = worked.refused[0]?.why ?? (last?.stderr.trim().split('\n').at(-1) || last?.how || 'nothing was said');
    return unfit(`what is left could not be told: ${why.slice(0, 200)}`);
  }
  const read = account.safeParse(JSON.parse(Buffer.from(said).toString('utf8')));
  if (!read.success) throw new AnnealError('verifier.failed', 'what a workspace was left as was told in another form');
  if ('too' in read.data) return unfit(`too ${read.data.too}`);
  const { changed, removed, refused } = read.data;
  if (refused.length > 0) {
    const [path, why] = refused[0]!;
    return unfit(`${path.slice(0, 200)} ${why}${refused.length > 1 ? `, and ${refused.length - 1} more` : ''}`);
  }
  const strange = [...Object.keys(changed), ...removed].find(
    (path) => !given.has(path) && !relativePath.safeParse(path).success,
  );
  if (strange !== undefined) return unfit(`${strange.slice(0, 200)} is no plain relative path`);
  const edits = new Map<string, Uint8Array | null>([
    ...Object.entries(changed).map(([path, bytes]) => [path, Buffer.from(bytes, 'base64')] as const),
    ...removed.map((path) => [path, null] as const),
  ]);
  return { how: 'left', edits: new Map([...edits].sort(([a], [b]) => (a < b ? -1 : 1))), worked };
}

/** The files, as edits leave them. */
export function edited(files: Files, edits: Edits): Files {
  const after = new Map(files);
  for (const [path, bytes] of edits) {
    if (bytes === null) after.delete(path);
    else after.set(path, bytes);
  }
  return after;
}
