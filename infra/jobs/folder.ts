// Reads a job's folder: what the wrapper and the trainer left there. Nothing is remembered between calls.
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import {
  type JobDocument,
  type JobResult,
  jobDocument,
  jobResult,
  type StepMetrics,
  stepMetrics,
} from '../../contracts/job.ts';

export const JOB_FILES = {
  document: 'job.json',
  process: 'process.json',
  exit: 'exit',
  error: 'error.json',
  result: 'result.json',
  metrics: 'metrics.jsonl',
  log: 'log',
} as const;

const processFile = z.object({ pid: z.int().positive(), startTime: z.int(), startedAt: z.string() });
export type JobProcess = z.infer<typeof processFile>;

/** What the trainer says about its own failure; everything is optional, since a dying process may write less. */
const errorFile = z.looseObject({
  message: z.string().optional(),
  problems: z
    .array(
      z.looseObject({
        path: z.string(),
        expected: z.string().optional(),
        got: z.string().optional(),
        hint: z.string().optional(),
      }),
    )
    .optional(),
});

/** @throws AnnealError `job.failed` when the document exists but is not one: the folder was tampered with. */
export async function readDocument(folder: string): Promise<JobDocument | undefined> {
  const text = await readText(join(folder, JOB_FILES.document));
  if (text === undefined) return undefined;
  const parsed = jobDocument.safeParse(parseJson(text));
  if (!parsed.success) throw new AnnealError('job.failed', `${folder}/job.json is not a job document: ${parsed.error}`);
  return parsed.data;
}

export async function readProcess(folder: string): Promise<JobProcess | undefined> {
  const text = await readText(join(folder, JOB_FILES.process));
  return text === undefined ? undefined : processFile.safeParse(parseJson(text)).data;
}

export async function readExit(folder: string): Promise<number | undefined> {
  const text = await readText(join(folder, JOB_FILES.exit));
  return text !== undefined && /^\d+\n$/.test(text) ? Number(text) : undefined;
}

/** The result of a finished job. Undefined when there is none or when it belongs to another specification. */
export async function readResult(folder: string, document: JobDocument): Promise<JobResult | undefined> {
  const text = await readText(join(folder, JOB_FILES.result));
  if (text === undefined) return undefined;
  const parsed = jobResult.safeParse(parseJson(text));
  return parsed.success && parsed.data.specHash === document.specHash ? parsed.data : undefined;
}

/** One entry a step, sorted. A resumed job writes a step again after a crash: the last entry counts. A torn last line is skipped. */
export async function readMetrics(folder: string): Promise<StepMetrics[]> {
  const text = (await readText(join(folder, JOB_FILES.metrics))) ?? '';
  const steps = new Map<number, StepMetrics>();
  for (const line of text.split('\n')) {
    const parsed = stepMetrics.safeParse(parseJson(line));
    if (parsed.success) steps.set(parsed.data.step, parsed.data);
  }
  return [...steps.values()].sort((a, b) => a.step - b.step);
}

/** The trainer's own words about a failure: message and problems as one text. */
export async function readError(folder: string): Promise<string | undefined> {
  const text = await readText(join(folder, JOB_FILES.error));
  const said = text === undefined ? undefined : errorFile.safeParse(parseJson(text)).data;
  if (said === undefined) return undefined;
  const lines = (said.problems ?? []).map((problem) => {
    const expected = problem.expected === undefined ? '' : ` expected ${problem.expected}`;
    const got = problem.got === undefined ? '' : `, got ${problem.got}`;
    return `${problem.path}:${expected}${got}${problem.hint ? ` (${problem.hint})` : ''}`;
  });
  const message = [said.message, ...lines].filter((line) => line !== undefined).join('\n');
  return message === '' ? undefined : message;
}

/** The last lines of a text file, reading at most its last 256 KiB. */
export async function tailLines(path: string, lines: number): Promise<string[]> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return [];
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, 262_144);
    const { buffer } = await handle.read({ buffer: Buffer.alloc(length), position: size - length });
    const all = buffer.toString('utf8').split('\n');
    if (all.at(-1) === '') all.pop();
    if (length < size) all.shift();
    return lines <= 0 ? [] : all.slice(-lines);
  } finally {
    await handle.close();
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined;
    throw failure;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
