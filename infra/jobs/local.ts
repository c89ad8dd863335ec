// Jobs as local processes. The folder jobs/NAME is the whole truth: any worker, also one that has just replaced a killed
// one, reads there what a job is doing, and adopts it.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { JOB_EXIT, type JobDocument, type JobRunner, type JobState, jobDocument } from '../../contracts/job.ts';
import { type Config, childEnvironment } from '../config.ts';
import { isAlive, type ProcessIdentity, signalProcess, whenGone } from '../process/identity.ts';
import { layOutCode, putAside } from './code.ts';
import {
  JOB_FILES,
  readDocument,
  readError,
  readExit,
  readMetrics,
  readProcess,
  readResult,
  tailLines,
} from './folder.ts';

const WRAPPER = fileURLToPath(new URL('./run-job.sh', import.meta.url));
const LOG_TAIL_LINES = 40;
/** What a shell reports for a process that SIGKILL ended; also stands for "vanished without an exit code". */
const KILLED = 137;

export interface LocalJobOptions {
  /** Where the outputs of finished jobs go, and a trainer's own files come from. */
  readonly store: Pick<ArtifactStore, 'putFile' | 'getFile'>;
  readonly jobsDir: string;
  /** Command prefix of the trainer; the path of job.json is appended. */
  readonly argv: readonly [string, ...string[]];
  /** Added to what every child inherits (`childEnvironment`), as are ANNEAL_STACK_PID and ANNEAL_STACK_START. */
  readonly env: Readonly<Record<string, string>>;
  /** Asked at each start, for what belongs to the call and not to the job: its trace. */
  readonly startEnv?: () => Readonly<Record<string, string>>;
  /** Jobs end by themselves when this process is gone. Undefined: they do not watch anything. */
  readonly supervisor: ProcessIdentity | undefined;
}

/** How the trainer of this machine is called. */
export function trainerCommand({ paths }: Config): Pick<LocalJobOptions, 'argv' | 'env'> {
  return {
    argv: [paths.venvPython, '-m', 'anneal_trainer', 'train', '--job'],
    env: {
      PYTHONPATH: paths.trainer,
      ANNEAL_STORE: `file://${paths.store}`,
      ANNEAL_JAX_CACHE: paths.jaxCache,
      // Huge pages for what malloc takes: faulting in the step's gigabytes by 4 KiB took a tenth to a fifth of a job (trainer/README.md).
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    },
  };
}

/** The local adapter of the job port; see `JobRunner` for what each method promises. */
export function createLocalJobRunner(options: LocalJobOptions): JobRunner {
  const folderOf = (name: JobDocument['name']): string => join(options.jobsDir, name);

  async function submit(input: JobDocument): Promise<void> {
    const document = jobDocument.parse(input);
    const folder = folderOf(document.name);
    const stored = await documentIn(folder, document);
    if (stored.specHash !== document.specHash) {
      if (await putAside(folder, stored, document)) return submit(document);
      throw new AnnealError(
        'job.conflict',
        `job ${document.name} exists with specification ${stored.specHash}, not ${document.specHash}`,
      );
    }
    if ((await readResult(folder, document)) !== undefined) return;
    const { code } = document;
    const place = code && (await layOutCode(folder, code, options.store));
    const env = place === undefined ? options.env : { ...options.env, PYTHONPATH: place };
    await start(folder, { ...options, env });
  }

  return {
    submit,

    async state(name) {
      const folder = folderOf(name);
      for (;;) {
        const process = await readProcess(folder);
        if (process !== undefined && isAlive(process)) {
          const step = (await readMetrics(folder)).at(-1)?.step;
          return { phase: 'running', startedAt: process.startedAt, step };
        }
        const state = await finishedState(folder);
        // Another submission may have started the job anew while its files were being read: then look again.
        if ((await readProcess(folder))?.startTime === process?.startTime) return state;
      }
    },

    async cancel(name, graceMs) {
      const process = await readProcess(folderOf(name));
      if (process === undefined) return;
      await endJob(process, graceMs);
    },

    logTail: (name, lines) => tailLines(join(folderOf(name), JOB_FILES.log), lines),

    logFiles: (name) => [JOB_FILES.log, JOB_FILES.metrics].map((file) => join(folderOf(name), file)),

    async output(name, relative) {
      const folder = resolve(folderOf(name));
      const path = resolve(folder, relative);
      if (isAbsolute(relative) || !path.startsWith(folder + sep)) {
        throw new AnnealError('job.failed', `job ${name} names an output outside its folder: ${relative}`);
      }
      return options.store.putFile(path);
    },
  };
}

/** SIGTERM to the job's wrapper, which passes it on; SIGKILL to the whole group after the grace period. */
export async function endJob(job: ProcessIdentity, graceMs: number): Promise<void> {
  signalProcess(job, 'SIGTERM');
  if (await whenGone(job, graceMs)) return;
  signalProcess(job, 'SIGKILL', { group: true });
  await whenGone(job, 5_000);
}

async function finishedState(folder: string): Promise<JobState> {
  const document = await readDocument(folder);
  if (document === undefined) return { phase: 'absent' };
  const [exit, result] = await Promise.all([readExit(folder), readResult(folder, document)]);
  // The result is written last, so a process that was killed after writing it has finished all the same.
  if (result !== undefined) return { phase: 'done', result, metrics: await readMetrics(folder) };
  // A document alone: the submitter died before it could start the process. Submitting again is the cure, as for absent.
  if (exit === undefined && (await readProcess(folder)) === undefined) return { phase: 'absent' };
  const exitCode = exit ?? KILLED;
  return {
    phase: 'stopped',
    exitCode,
    message: (await readError(folder)) ?? explain(exitCode),
    logTail: await tailLines(join(folder, JOB_FILES.log), LOG_TAIL_LINES),
  };
}

async function documentIn(folder: string, document: JobDocument): Promise<JobDocument> {
  await mkdir(folder, { recursive: true }).catch(raiseNoSpace);
  return (await readDocument(folder)) ?? (await storeDocument(folder, document));
}

/** Creates job.json once and whole: link() refuses an existing name. Returns the document that now stands there. */
async function storeDocument(folder: string, document: JobDocument): Promise<JobDocument> {
  const temporary = join(folder, `job.${randomUUID()}.tmp`);
  try {
    await writeFile(temporary, `${JSON.stringify(document, undefined, 2)}\n`, { flush: true });
    await link(temporary, join(folder, JOB_FILES.document));
    return document;
  } catch (failure) {
    const other = await readDocument(folder);
    if (other !== undefined) return other;
    return raiseNoSpace(failure);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Starts the wrapper unless a job process lives. Returns when process.json names a living or finished process. */
async function start(folder: string, options: LocalJobOptions): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const running = await readProcess(folder);
    if (running !== undefined && isAlive(running)) return;
    const said = await launch(folder, options);
    if (said === 'started') return;
    // Someone holds the lock: usually a submission at the same time, for a moment a dying trainer whose wrapper is gone.
    if (said !== 'held' || performance.now() > deadline) {
      throw new AnnealError('job.failed', `the job process in ${folder} could not be started: ${said}`);
    }
    await sleep(50);
  }
}

/** Spawns the wrapper in a session of its own and waits for its first word. */
async function launch(folder: string, options: LocalJobOptions): Promise<string> {
  const watch = options.supervisor ?? { pid: 0, startTime: 0 };
  const trainer = [...options.argv, join(folder, JOB_FILES.document)];
  const child = spawn('sh', [WRAPPER, folder, `${watch.pid}`, `${watch.startTime}`, ...trainer], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: childEnvironment({ ...options.env, ...options.startEnv?.(), ...stackVariables(options.supervisor) }),
  });
  child.unref();
  return await firstWord(child);
}

function stackVariables(supervisor: ProcessIdentity | undefined): Record<string, string> {
  if (supervisor === undefined) return {};
  return { ANNEAL_STACK_PID: `${supervisor.pid}`, ANNEAL_STACK_START: `${supervisor.startTime}` };
}

/** The wrapper says `started` or `held` on its stdout; anything else is its complaint. */
function firstWord(child: ChildProcess): Promise<string> {
  return new Promise((done) => {
    let complaint = '';
    child.once('error', (failure) => done(failure.message));
    child.stderr?.on('data', (bytes: Buffer) => {
      complaint += bytes.toString();
    });
    child.stdout?.once('data', (bytes: Buffer) => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      done(bytes.toString().trim());
    });
    child.once('close', (code) => done(complaint.trim() || `the wrapper exited with ${code}`));
  });
}

function explain(exitCode: number): string {
  switch (exitCode) {
    case JOB_EXIT.checkpointed:
      return 'checkpointed on request; it goes on from there when submitted again';
    case JOB_EXIT.configuration:
      return 'the job refused its configuration';
    case JOB_EXIT.accelerator:
      return 'the accelerator or the network failed';
    case JOB_EXIT.noSpace:
      return 'no disk space left';
    case JOB_EXIT.done:
      return 'the job exited with 0 but left no result for its specification';
    case KILLED:
      return 'the job was killed (SIGKILL), perhaps for lack of memory';
    default:
      return exitCode > 128 ? `the job was ended by signal ${exitCode - 128}` : `the job exited with ${exitCode}`;
  }
}

function raiseNoSpace(failure: unknown): never {
  if (failure instanceof Error && 'code' in failure && failure.code === 'ENOSPC') {
    throw new AnnealError('job.no_space', failure.message, { cause: failure });
  }
  throw failure;
}
